"""News for pages that are open: what changed on one device shows on the others within a second (docs/live.md).

The apps say what happened by their events; `receivers` makes a row of each thing that an open page may show; every web
process reads the rows as they come (`tail`) and passes them to the browsers that listen to it (`hub`, `streaming`).
"""
