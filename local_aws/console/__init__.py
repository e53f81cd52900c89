"""What runs and what is registered, as pages for people, under `/_console/` of the server's own port.

Everything is read from the records and the APIs of this local AWS; the one thing that a page changes, a version's
approval, goes through `UpdateModelPackage`.
"""
