"""Graphs of steps and states: what is connected, where it goes on the page."""
