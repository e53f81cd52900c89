"""Jobs, executed: each a folder laid out like a container's /opt/ml, and processes supervised to their end.

`runner.py` is the face. May import the store, the objects, the logs and the images; knows nothing of
pipelines.
"""
