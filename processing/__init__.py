"""What runs in processing containers: an archive to images, predictions to evidence.

Stands alone: imports the standard library, numpy, Pillow and matplotlib, and nothing else of this project.
"""
