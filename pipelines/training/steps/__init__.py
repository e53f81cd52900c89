"""The steps of the training pipeline, one builder a module. Importing any of them imports the SageMaker
SDK."""
