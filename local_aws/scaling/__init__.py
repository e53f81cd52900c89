"""Application Auto Scaling for the variants of SageMaker endpoints: scalable targets, target tracking, activities."""
