"""How long a test waits for what must come.

A test waits for a condition, and goes on as soon as it holds. Only one that fails waits so long: it says
nothing about how fast anything is, on a machine that may be busy with something else.
"""

SECONDS = 300.0
