"""What the monitor saw, as one self-contained page.

Collecting (`collect.py` and what it calls) reads AWS; `model.py` makes of it a typed model of the page, by pure
computations; `page.py` renders that. `write.py` does all three.
"""
