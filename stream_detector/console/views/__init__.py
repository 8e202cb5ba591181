"""What each page shows, as plain values: made from the plant, drawn by a template.

No view knows of browsers, so what an operator gets to see is tested without one.
"""
