"""Go templates in topology files: what they render to, where errors stand, where variables come from."""

import re
from pathlib import Path

import pytest

from sim.errors import TopologyError
from sim.topology.reader import read_topology
from sim.topology.templates import render

LEAF_SPINE = """\
name: fabric{{/* rendered once per
pod */}}
topology:
  defaults: {kind: linux}
  nodes:
{{- range $leaf := until (index . "leaves" "num") }}
    leaf{{ add1 $leaf }}:
      group: {{ index $ "leaves" "role" }}
{{- end }}
{{- range $spine := seq 1 .spines.num }}
    spine{{ $spine }}: {}
{{- end }}
  links:
{{- range $spine := seq 1 .spines.num }}
  {{- range $leaf := until $.leaves.num }}
    - endpoints: ["spine{{ $spine }}:e1-{{ add1 $leaf }}", "leaf{{ add1 $leaf }}:e1-{{ $spine }}"]
  {{- end }}
{{- end }}
"""
VARIABLES = "leaves: {num: 3, role: rack}\nspines: {num: 2}\n"


def rendered(text: str, **variables: object) -> str:
    return render(text, variables, "t")[0]


def lab(folder: Path, text: str, variables: str = "") -> Path:
    file = folder / "lab.clab.yml"
    file.write_text(text)
    if variables:
        (folder / "lab.clab_vars.yml").write_text(variables)
    return file


def test_a_fabric_is_drawn_from_its_variables(tmp_path: Path) -> None:
    topology = read_topology(lab(tmp_path, LEAF_SPINE, VARIABLES))
    assert list(topology.nodes) == ["leaf1", "leaf2", "leaf3", "spine1", "spine2"]
    assert str(topology.links[-1]) == "spine2:e1-3 - leaf3:e1-2"
    assert topology.nodes["leaf3"].group == "rack"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ .a }}-{{ .b.c }}-{{ $.b.c }}", "1-two-two"),
        ("x {{- .a -}} y", "x1y"),
        ("{{ if eq .a 1 2 }}yes{{ else }}no{{ end }}", "yes"),
        ("{{ if .nothing }}a{{ else if .a }}b{{ end }}", "b"),
        ("{{ with .b }}{{ .c }}{{ end }}{{ with .nothing }}x{{ else }}!{{ end }}", "two!"),
        ("{{ range $i, $e := .l }}{{ $i }}={{ $e }},{{ end }}", "0=7,1=8,"),
        ("{{ range $k, $v := .b }}{{ $k }}{{ $v }}{{ end }}", "ctwo"),
        ("{{ range .l }}{{ if eq . 8 }}{{ break }}{{ end }}{{ . }}{{ end }}", "7"),
        ("{{ range 3 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ . }}{{ end }}", "02"),
        ("{{ range .none }}a{{ else }}b{{ end }}", "b"),
        ("{{ $n := 1 }}{{ range .l }}{{ $n = add $n . }}{{ end }}{{ $n }}", "16"),
        ("{{ .l | len | printf \"%03d\" }}", "002"),
        ('{{ define "t" }}<{{ . }}>{{ end }}{{ template "t" .a }}', "<1>"),
        ('{{ .nothing | default "d" }}{{ default 5 .a }}', "d1"),
        ("{{ (index .l 1) }}{{ index .b \"c\" }}{{ len .b.c }}", "8two3"),
        ("{{ or .nothing .a }}{{ and .a .b.c }}{{ not .a }}", "1twofalse"),
        ("{{ div 4 2 }} {{ div 1 4 }} {{ rem 7 4 }} {{ mul 2 3 }} {{ subtract 5 7 }}", "2 0.25 3 6 -2"),
        ('{{ strings.Split "," "a,b" }} {{ conv.Join .l "+" }}', "[a b] 7+8"),
        ('{{ strings.ReplaceAll "a" "o" "bar" }}', "bor"),
        ("{{ seq 3 }} {{ seq 2 4 }} {{ seq 5 1 2 }} {{ until 2 }}", "[1 2 3] [2 3 4] [5 3 1] [0 1]"),
        ("{{ ToJSON .b }}", '{"c":"two"}'),
        ('{{ printf "%s is %d, %v, %q" .b.c .a true "x" }}', 'two is 1, true, "x"'),
        ('{{ "{{" }} {{ `a"b` }} {{ 0x10 }} {{ 1.50 }}', '{{ a"b 16 1.5'),
        ("{{ lt .a 2 }}{{ ge .a 2 }}{{ ne .a 1 }}", "truefalsefalse"),
    ],
)  # fmt: skip
def test_an_action_comes_to_what_go_makes_of_it(text: str, expected: str) -> None:
    assert rendered(text, a=1, b={"c": "two"}, l=[7, 8]) == expected


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("a\n{{ .leavs }}\n", 2, r"\.leavs is not set; set it"),
        ("a\n\n{{ nosuch 1 }}\n", 3, "no function 'nosuch'; known: ToJSON"),
        ("{{ untl 1 }}", 1, "did you mean 'until'"),
        ("a\n{{ if .a }}\nb\n", 2, r"{{ if }} is not ended"),
        ("a\n{{ end }}\n", 2, "ends nothing"),
        ("a\n{{ .a\n", 2, "is not closed"),
        ("{{ ( .a }}", 1, r"'\(' is not closed"),
        ("{{ # }}", 1, "holds '#'"),
        ("{{ $x }}", 1, r"no variable \$x"),
        ("{{ $x = 1 }}", 1, r"\$x is set before"),
        ("{{ index .l 9 }}", 1, "9 is beyond the 2"),
        ('{{ lt .a "b" }}', 1, "takes no such values"),
        ("{{ div 1 0 }}", 1, "division by zero"),
        ("{{ range .a.b }}{{ end }}", 1, "no mapping that has 'b'"),
        ("{{ range true }}{{ end }}", 1, "expected a list"),
        ('{{ template "x" }}', 1, "no template 'x'"),
        ('{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}', 1, "calls itself"),
        ("{{ range until 99999 }}{{ range until 99999 }}{{ end }}{{ end }}", 1, "more than 1000000 steps"),
        ("{{ until 99999999 }}", 1, "at most 100000"),
        ("{{" + "(" * 90 + "1" + ")" * 90 + "}}", 1, "deep"),
        ("{{ break }}", 1, "outside of a range"),
        ("{{ .a.b.c }}", 1, "no mapping"),
        ("{{ .nothing.b }}", 1, "is not set, so it has no 'b'"),
        ("{{ }}", 1, "a value is missing"),
        ("{{ 08 | nosuch }}", 1, "no function"),
    ],
)
def test_what_can_not_be_rendered_is_told_with_its_line(text: str, line: int, expected: str) -> None:
    with pytest.raises(TopologyError, match=expected) as caught:
        rendered(text, a=1, l=[7, 8])
    assert str(caught.value.place) == f"t:{line}"


@pytest.mark.parametrize(
    ("change", "line", "expected"),
    [
        (("group:", "gruop:"), 8, "unknown key 'gruop'"),
        (('"leaf{{ add1 $leaf }}:e1', '"leef{{ add1 $leaf }}:e1'), 16, "no node named 'leef1'"),
        (("spine{{ $spine }}: {}", "spine{{ $spine }}: {]"), 11, "not YAML"),
        (("{kind: linux}", "{kind: '${X'}"), 4, "not closed"),
    ],
)
def test_an_error_in_what_was_rendered_stands_at_the_template_s_line(
    tmp_path: Path, change: tuple[str, str], line: int, expected: str
) -> None:
    file = lab(tmp_path, LEAF_SPINE.replace(*change), VARIABLES)
    with pytest.raises(TopologyError, match=re.escape(expected)) as caught:
        read_topology(file, environment={})
    assert str(caught.value.place) in (f"{file}:{line}", f"{file}:{line + 1}")  # YAML sees some mistakes a line later


def test_variables_beside_the_file_merge_in_the_order_of_their_names(tmp_path: Path) -> None:
    file = lab(tmp_path, LEAF_SPINE, "leaves: {num: 9, role: rack}\nspines: {num: 9}\n")
    (tmp_path / "lab.clab_vars.a.yaml").write_text("leaves: {num: 8}\n")
    (tmp_path / "lab.clab_vars.z.json").write_text('{"leaves": {"num": 1}, "spines": {"num": 1}}')
    (tmp_path / "other.clab_vars.zz.yml").write_text("leaves: {num: 7}\n")
    assert list(read_topology(file).nodes) == ["leaf1", "spine1"]


def test_variables_that_are_named_are_read_instead(tmp_path: Path) -> None:
    file = lab(tmp_path, LEAF_SPINE, VARIABLES)
    (tmp_path / "small.yml").write_text("leaves: {num: 1, role: r}\nspines: {num: 1}\n")
    assert list(read_topology(file, variables=[tmp_path / "small.yml"]).nodes) == ["leaf1", "spine1"]
    with pytest.raises(TopologyError, match="cannot be read"):
        read_topology(file, variables=[tmp_path / "none.yml"])
    (tmp_path / "list.yml").write_text("- 1\n")
    with pytest.raises(TopologyError, match="holds no mapping"):
        read_topology(file, variables=[tmp_path / "list.yml"])


def test_a_lab_is_named_after_its_branch_and_commit(tmp_path: Path) -> None:
    file = lab(tmp_path, "name: l-__gitBranch__-__gitHash__\ntopology: {nodes: {n: {kind: linux}}}\n")
    assert read_topology(file).name == "l-none-none"
    (tmp_path / ".git/refs/heads/topic").mkdir(parents=True)
    (tmp_path / ".git/HEAD").write_text("ref: refs/heads/topic/one\n")
    (tmp_path / ".git/refs/heads/topic/one").write_text("0123abc\n")
    assert read_topology(file).name == "l-topic-one-0123abc"
    (tmp_path / ".git/refs/heads/topic/one").unlink()
    (tmp_path / ".git/packed-refs").write_text("# pack-refs\n4567def refs/heads/topic/one\n")
    assert read_topology(file).name == "l-topic-one-4567def"
    (tmp_path / ".git/HEAD").write_text("89ab\n")
    assert read_topology(file).name == "l-HEAD-89ab"
