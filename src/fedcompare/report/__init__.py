"""The report: findings as a page for people, as Markdown, and as JSON for programs.

The `gains`, `models`, `rounds` and `context` modules say what is shown, as blocks; `html` and
`markdown` only render these, so both hold the same content.
"""
