"""The one vocabulary of wrongness: effect words, trigger words, and how long they last.

Named faults are lines in it (`emulator.named`), composed ones are drawn from it (`grammar.compose`).  Every word enters
through the hooks of `behaviour.py` and nowhere else.
"""
