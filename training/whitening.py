"""The fixed first layer: filters that turn the colours and edges of patches into uncorrelated channels."""

import torch
from torch import Tensor

PATCH = 2
EPSILON = 0.01  # keeps the weakest directions, which are mostly noise, from being blown up


def whitening_filters(images: Tensor) -> Tensor:
    """The stem's weights, 24 x 3 x 2 x 2, from normalised images, N x 3 x H x W.

    They are the eigenvectors of the covariance of all 2x2 patches, scaled by 1/sqrt(eigenvalue + EPSILON),
    and their negatives, so that what the activation cuts from one half, the other half keeps.
    """
    channels = images.shape[1]
    patches = images.unfold(2, PATCH, 1).unfold(3, PATCH, 1).permute(0, 2, 3, 1, 4, 5)
    rows = patches.reshape(-1, channels * PATCH * PATCH).double()
    rows = rows - rows.mean(dim=0)
    eigenvalues, eigenvectors = torch.linalg.eigh(rows.T @ rows / len(rows))
    filters = (eigenvectors / torch.sqrt(eigenvalues + EPSILON)).T.reshape(-1, channels, PATCH, PATCH)
    return torch.cat([filters, -filters]).float()
