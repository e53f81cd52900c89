"""The built-in image-classification algorithm: container code, which imports nothing of the server.

Run as `python image_classification/__main__.py train` or `… serve FD`. What goes in and comes out is AWS's documented
contract: https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification.html
"""
