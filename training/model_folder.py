"""What a training job leaves behind: the model and the code that serves it in the inference container."""

from pathlib import Path

from atomic_file import write_atomically
from model import MODEL_FILE, Classifier, pack_classifier

SERVING_CODE = ("inference.py", "serving_runtime.py", "model.py", "imagenet_features.py", "image_decoding.py")


def write_model_folder(folder: Path, net: Classifier, code_dir: Path) -> None:
    """Write code/*.py from `code_dir`, then model.pt. Raises OutputNotWritten.

    The weights come last: a folder that has model.pt is complete.
    """
    for name in SERVING_CODE:
        write_atomically(folder / "code" / name, (code_dir / name).read_bytes())
    write_atomically(folder / MODEL_FILE, pack_classifier(net))
