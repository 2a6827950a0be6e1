"""The commands of `bellrock` that belong together, a file for each; `bellrock.cli` has the others."""
