"""The PyTorch inference image: torch's default functions for what the model's own code does not define."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

COMMANDS = ("serve",)


class TorchDefaults:
    """The defaults of sagemaker-pytorch-inference-toolkit: a TorchScript file; JSON, CSV or NPY."""

    def model_fn(self, model_dir: str) -> Any:
        """Load `model.pt`, or the only .pt or .pth file there is; it has to be TorchScript."""
        import torch

        path = Path(model_dir) / "model.pt"
        if not path.exists():
            found = [entry for entry in Path(model_dir).iterdir() if entry.suffix in (".pt", ".pth")]
            if len(found) != 1:
                raise ValueError(
                    f"Exactly one .pth or .pt file is required for PyTorch models: {[entry.name for entry in found]}"
                )
            path = found[0]
        try:
            return torch.jit.load(str(path), map_location="cpu").eval()
        except RuntimeError as error:
            raise ValueError(
                f"Failed to load {path}. Please ensure model is saved using torchscript, or give the model "
                "a code/inference.py "
                "with a model_fn."
            ) from error

    def input_fn(self, body: Any, content_type: str) -> Any:
        """A float tensor from JSON or CSV, a tensor from NPY."""
        import numpy
        import torch
        from inference_toolkit import CSV, JSON, NPY, UnsupportedFormat

        kind = content_type.split(";")[0].strip()
        if kind == JSON:
            return torch.FloatTensor(json.loads(body))
        if kind == CSV:
            return torch.FloatTensor(numpy.genfromtxt(io.StringIO(body), delimiter=","))
        if kind == NPY:
            return torch.from_numpy(numpy.load(io.BytesIO(body), allow_pickle=False))
        raise UnsupportedFormat(content_type)

    def predict_fn(self, data: Any, model: Any) -> Any:
        """The model's output, without gradients."""
        import torch

        with torch.no_grad():
            return model(data)

    def output_fn(self, prediction: Any, accept: str) -> Any:
        """JSON, CSV or NPY, whichever is accepted first."""
        import numpy
        from inference_toolkit import ANY, CSV, JSON, NPY, UnsupportedFormat

        if hasattr(prediction, "detach"):
            prediction = prediction.detach().cpu().numpy()
        for kind in (part.split(";")[0].strip() for part in accept.split(",")):
            target = io.BytesIO()
            if kind in (JSON, ANY):
                return json.dumps(prediction, default=lambda value: value.tolist()), JSON
            if kind == CSV:
                numpy.savetxt(target, prediction, delimiter=",", fmt="%s")
                return target.getvalue(), CSV
            if kind == NPY:
                numpy.save(target, prediction, allow_pickle=False)
                return target.getvalue(), NPY
        raise UnsupportedFormat(accept)


if __name__ == "__main__":
    import sys

    from inference_toolkit import main

    sys.exit(main(TorchDefaults()))
