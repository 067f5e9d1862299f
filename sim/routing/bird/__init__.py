"""BIRD on one node: tables, the protocols that fill them, and what leaves them for neighbours and for the kernel.

`suite` ties it together; `tables` holds routes and chooses (`choice`), `doors` are the filters of channels, `sessions`,
`incoming` and `outgoing` are BGP, `local` the routes of interfaces and configuration, `kernel` what is learnt from the
kernel and put into it, `pipes` copies between tables. Names of BIRD 2.0.12's own functions stand where one decides.
"""
