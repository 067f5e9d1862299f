"""The master: the services of the control plane, bound to the addresses that its facts give them.

An address on the dummy interface is the point: a server with several ways to it can not bind a service to one of them.
What listens where is for `observe` to say; here the declaration becomes processes.
"""

from lab.roles.plain import prepare, start

__all__ = ["prepare", "start"]
