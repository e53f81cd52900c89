"""The script-mode contract of AWS's training images: the user's script, its flags, the SM_* variables.

Stands alone, with the standard library only. The contract is that of sagemaker-training-toolkit:
https://github.com/aws/sagemaker-training-toolkit.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TRACEBACK = "Traceback (most recent call last):"
SAGEMAKER_PREFIX = "sagemaker_"
TAIL_LINES = 200
# an exception further from the end was caught, most likely; a traceback itself is seldom longer
NEAR_THE_END = 100


class ClientError(Exception):
    """What the user's side of the contract lacks; the message goes to output/failure."""


@dataclass(frozen=True)
class Environment:
    """What the job's configuration files say, with the hyperparameters decoded from JSON."""

    base: Path
    hyperparameters: dict[str, Any]
    channels: dict[str, Any]
    resources: dict[str, Any]
    program: str
    code: Path

    @classmethod
    def read(cls, base: Path) -> Environment:
        """Read input/config below `base` (/opt/ml). Raises ClientError where there is no script to run."""
        config = base / "input" / "config"
        raw = json.loads((config / "hyperparameters.json").read_text())
        everything = {key: _decoded(value) for key, value in raw.items()}
        program = os.environ.get("SAGEMAKER_PROGRAM") or everything.get("sagemaker_program")
        if not program:
            raise ClientError(
                "No script to run: give the hyperparameters sagemaker_program and "
                "sagemaker_submit_directory, or a ContainerEntrypoint"
            )
        code = Path(
            everything.get("sagemaker_submit_directory")
            or os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY")
            or base / "code"
        )
        if not (code / program).is_file():
            raise ClientError(
                f"The script {program} is not in {code}, which has "
                f"{sorted(os.listdir(code)) if code.is_dir() else 'no files'}"
            )
        own = {key: value for key, value in everything.items() if not key.startswith(SAGEMAKER_PREFIX)}
        channels = json.loads((config / "inputdataconfig.json").read_text())
        return cls(base, own, channels, json.loads((config / "resourceconfig.json").read_text()), program, code)

    def arguments(self) -> list[str]:
        """The hyperparameters as flags, in order of their names."""
        arguments = []
        for key in sorted(self.hyperparameters):
            arguments += [f"--{key}" if len(key) > 1 else f"-{key}", _as_argument(self.hyperparameters[key])]
        return arguments

    def variables(self) -> dict[str, str]:
        """The SM_* variables."""
        plain = self._plain()
        channels = {name: f"{self.base}/input/data/{name}" for name in self.channels}
        training_env = {
            **plain,
            "channel_input_dirs": channels,
            "job_name": os.environ.get("TRAINING_JOB_NAME", ""),
            "is_master": True,
        }
        training_env["hyperparameters"] = training_env.pop("hps")
        everything = {
            **plain,
            "channels": sorted(channels),
            "user_args": self.arguments(),
            "training_env": training_env,
            **{f"channel_{name}": path for name, path in channels.items()},
            **{f"hp_{key}": value for key, value in self.hyperparameters.items()},
        }
        return {f"SM_{key.upper()}": _as_variable(value) for key, value in everything.items()}

    def _plain(self) -> dict[str, Any]:
        hosts = self.resources["hosts"]
        return {
            "hps": self.hyperparameters,
            "hosts": hosts,
            "current_host": self.resources["current_host"],
            "current_instance_type": self.resources.get("current_instance_type", "local"),
            "current_instance_group": self.resources.get("current_group_name", "homogeneousCluster"),
            "current_instance_group_hosts": hosts,
            "network_interface_name": self.resources.get("network_interface_name", "eth0"),
            "num_cpus": os.cpu_count() or 1,
            "num_gpus": _gpus(),
            "input_dir": f"{self.base}/input",
            "input_config_dir": f"{self.base}/input/config",
            "model_dir": f"{self.base}/model",
            "output_dir": f"{self.base}/output",
            "output_data_dir": f"{self.base}/output/data",
            "output_intermediate_dir": f"{self.base}/output/intermediate",
            "module_dir": str(self.code),
            "module_name": self.program.removesuffix(".py"),
            "user_entry_point": self.program,
            "input_data_config": self.channels,
            "resource_config": self.resources,
            "framework_params": {},
            "log_level": 20,
        }


def main() -> int:
    """The command of a training image: `train`. Returns the exit code."""
    if sys.argv[1:] != ["train"]:
        print(f"usage: {sys.argv[0]} train", file=sys.stderr)
        return 2
    from requirements_check import missing_requirements

    base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
    # the script has got the signal too and may save its model: this process ends when the script has
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    try:
        environment = Environment.read(base)
        if missing := missing_requirements(environment.code / "requirements.txt"):
            raise ClientError(f"InstallRequirementsError: {missing}")
        run_script(environment)
    except ClientError as error:
        print(error, file=sys.stderr, flush=True)
        failure = base / "output" / "failure"
        if not failure.exists() or not failure.read_text(errors="replace").strip():
            failure.write_text(str(error))
        return 1
    return 0


def run_script(environment: Environment) -> None:
    """Run the script to its end, its output passed on. Raises ClientError where it fails."""
    interpreter = [sys.executable] if environment.program.endswith(".py") else ["/bin/bash"]
    command = [*interpreter, environment.program, *environment.arguments()]
    shown = " ".join(command)
    print(f"Invoking script with the following command: {shown}", flush=True)
    variables = {**os.environ, **environment.variables(), "PYTHONPATH": _python_path(environment.code)}
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    with subprocess.Popen(
        command, cwd=environment.code, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        for line in process.stdout or ():
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
            tail.append(line.decode("utf-8", "replace").rstrip())
    if process.returncode != 0:
        message = f'ExecuteUserScriptError: ExitCode {process.returncode} ErrorMessage "{last_error(tail)}"'
        raise ClientError(f'{message} Command "{shown}"')


def last_error(tail: deque[str]) -> str:
    """The last line of the last traceback, else the last line that is not blank."""
    lines = list(tail)[-NEAR_THE_END:]
    for start in range(len(lines) - 1, -1, -1):
        if lines[start] == TRACEBACK:
            for line in lines[start + 1 :]:
                if line and not line[0].isspace():
                    return line
            break
    return next((line for line in reversed(lines) if line.strip()), "")


def _decoded(value: Any) -> Any:
    try:
        return json.loads(value)
    except (ValueError, TypeError):
        return value


def _as_argument(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return ",".join(f"{key}={item}" for key, item in sorted(value.items()))
    return str(value)


def _as_variable(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))


def _python_path(code: Path) -> str:
    return os.pathsep.join([str(code), *filter(None, [os.environ.get("PYTHONPATH")])])


def _gpus() -> int:
    if shutil.which("nvidia-smi") is None:
        return 0
    listed = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True, check=False)
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())
