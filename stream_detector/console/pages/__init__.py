"""The pages as NiceGUI serves them: each shows its view, again whenever that changes."""
