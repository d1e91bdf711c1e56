"""Resumable uploads: a tus 1.0 server (https://tus.io/protocols/resumable-upload) for operators' sources.

A request goes this way: `receiver` (raw ASGI) asks Django, with an empty body, whether the request may write and where
(`views`); then it streams the body to the disk itself, because Django would take all of it in before any view ran.
`ledger` keeps the rows, `parts` the bytes, `finishing` is the job that makes a source of what has arrived.
"""
