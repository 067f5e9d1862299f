const scenarios = [...document.querySelectorAll("details.scenario")];
const buttons = [...document.querySelectorAll("[data-show]")];
for (const button of buttons) {
  button.addEventListener("click", () => {
    for (const each of buttons) each.classList.toggle("on", each === button);
    const wanted = button.dataset.show;
    for (const each of scenarios) each.hidden = wanted !== "all" && each.dataset.outcome !== wanted;
  });
}
const opener = document.querySelector("[data-open]");
opener.addEventListener("click", () => {
  const open = scenarios.some((each) => !each.open);
  for (const each of scenarios) each.open = open;
  opener.textContent = open ? "close all" : "open all";
});
const aim = () => {
  const target = document.querySelector(location.hash || "body");
  if (target && target.tagName === "DETAILS") target.open = true;
};
addEventListener("hashchange", aim);
aim();
