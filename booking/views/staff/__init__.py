"""The workspace: what people who work here look at and press."""
