"""The code of the Model Monitor images: container code, which imports nothing of the server.

`sagemaker_model_monitor_analyzer.py` beside this folder is its entry point. What the files that it reads and writes
hold is AWS's documented contract: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-contract.html
"""
