"""The names and types of everything that crosses a stage boundary; imports nothing of bellrock."""
