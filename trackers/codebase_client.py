"""Make a tracker of a foreign repository believe that it runs under its authors' evaluation.

The other end of ``rgbtbench.trackers.codebase``, served by ``process_client.py``, in the repository's interpreter:
Python 3.6 and later, NumPy, and of torch whatever version the repository wants.
"""

import functools
import importlib
import importlib.abc
import importlib.util
import inspect
import os
import sys
import types
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
sys.path[:] = [place for place in sys.path if os.path.abspath(place) != HERE]  # noqa: PTH100  our names are not theirs

try:
    import torch  # before the seeds are set
except ImportError:
    torch = None  # type: ignore[assignment]

ABSENT = "vot jpeg4py lmdb visdom tensorboardX wandb pycocotools matplotlib tikzplotlib"  # to train, show or evaluate
LOCAL = ("lib.test.evaluation.local", "lib.train.admin.local", "pytracking.evaluation.local", "ltr.admin.local")
MAKERS = "arange as_tensor empty eye full linspace load ones ones_like rand rand_like randint randn randn_like randperm"
MAKERS += " tensor zeros zeros_like empty_like full_like"  # functions of torch that take a device
NEWS = "to new_empty new_full new_ones new_tensor new_zeros"  # methods of tensors that do
SILENT = "empty_cache ipc_collect reset_peak_memory_stats set_device synchronize"  # torch.cuda's, without CUDA


class Codebase:
    """A tracker that is made anew for each sequence. What the arguments mean: ``rgbtbench.trackers.codebase``.

    ``tracker`` and ``maker`` are names of modules: of ``get_tracker_class()`` and of ``parameters(config)``.
    """

    def __init__(
        self,
        root: str,
        tracker: str,
        maker: str,
        config: Any,
        image: str,
        local: Any,
        absent: Any,
        weights: Any = None,
        device: str = "cpu",
    ) -> None:
        if device != "cpu" and not (torch is not None and torch.cuda.is_available()):
            raise RuntimeError(f"the lane is {device}, but {sys.executable} sees no CUDA")
        sys.path.insert(0, root)
        sys.meta_path.insert(0, Answering(LOCAL, local_module(root, local)))
        sys.meta_path.append(Answering((*ABSENT.split(), *absent), empty_module))  # asked last, for what nobody has
        if device == "cpu" and torch is not None:
            answer_for_cuda(torch)
        if weights and torch is not None:
            allow_endings(torch, weights)
        self.image, self.weights, self.config = image, weights, config
        self.parameters = _own(maker, root).parameters
        self.make = _own(tracker, root).get_tracker_class()
        self.tracker: Any = None
        self.said: Any = None

    def init(self, frame: Any, box: Any) -> None:
        """Make the tracker and start it."""
        self.tracker = None  # room for the next one
        params = self.parameters(self.config) if _takes(self.parameters) else self.parameters()
        params.debug, params.visualization = 0, False
        use_weights(params, self.weights)
        named = len([p for p in inspect.signature(self.make).parameters.values() if p.default is p.empty]) > 1
        self.tracker = self.make(params, "") if named else self.make(params)  # "": a data set without rules of its own
        self.said = self.tracker.initialize(self._seen(frame), {"init_bbox": [float(value) for value in box]})

    def update(self, frame: Any) -> Any:
        """Whatever the tracker says of this frame."""
        extra = ({"previous_output": self.said or {}},) if _takes(self.tracker.track) > 1 else ()
        self.said = self.tracker.track(self._seen(frame), *extra)
        return self.said

    def _seen(self, frame: Any) -> Any:
        import numpy as np

        if self.image == "list":
            return [frame.rgb, frame.tir]
        return np.dstack([frame.rgb, frame.tir]) if self.image == "stacked" else getattr(frame, self.image)


class Answering(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules of these names, and all inside them, filled by ``fill(module)``."""

    def __init__(self, names: Any, fill: Any) -> None:
        self.names, self.fill = set(names), fill

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Answer for a name of ours."""
        ours = name in self.names or name.partition(".")[0] in self.names
        return importlib.util.spec_from_loader(name, self, is_package=True) if ours else None

    def create_module(self, spec: Any) -> types.ModuleType:
        """A module whose attributes can be made up."""
        return Empty(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Fill it."""
        self.fill(module)


class Empty(types.ModuleType):
    """A module that has whatever it is asked for: classes that cannot be made."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def refuse(*_: Any, **__: Any) -> None:
            raise ImportError(f"{self.__name__} is not installed in {sys.executable}")

        return type(name, (), {"__init__": refuse})


class Settings:
    """The paths of a ``local.py``: those that are known, and '' for any other."""

    def __init__(self, **paths: str) -> None:
        self.__dict__.update(paths)

    def __getattr__(self, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return ""


def empty_module(module: types.ModuleType) -> None:
    """Leave a module as it is."""


def local_module(root: str, further: Any) -> Any:
    """What fills a ``local.py``: the checkout is the project, and ``further`` goes before."""
    inside = {"prj_dir": "", "workspace_dir": "", "save_dir": "output", "network_path": "pytracking/networks"}
    paths = {key: os.path.join(root, place) for key, place in inside.items()}  # noqa: PTH118
    paths.update(further)

    def fill(module: Any) -> None:
        module.local_env_settings = module.EnvironmentSettings = functools.partial(Settings, **paths)

    return fill


def use_weights(params: Any, weights: Any) -> None:
    """Put the weights where the tracker looks for them: ``checkpoint``, or the only network's ``net_path``."""
    owners = [params] if getattr(params, "checkpoint", None) else []
    owners = owners or [value for value in vars(params).values() if "net_path" in getattr(value, "__dict__", ())]
    name = "checkpoint" if params in owners else "net_path"
    if weights and len(owners) != 1:
        raise ValueError(f"weights: have no place: parameters() names {len(owners)} networks")
    if len(owners) == 1 and not weights:
        raise ValueError(f"weights: are missing; the repository's own place is {getattr(owners[0], name)}")
    if weights:
        setattr(owners[0], name, weights)


def allow_endings(torch: Any, weights: str) -> None:
    """Load the weights also where a repository adds an ending to the name that its parameters give."""
    original = torch.load

    def load(file: Any, *args: Any, **kwargs: Any) -> Any:
        longer = isinstance(file, str) and file.startswith(weights) and not os.path.exists(file)  # noqa: PTH110
        return original(weights if longer else file, *args, **kwargs)

    torch.load = load


def answer_for_cuda(torch: Any) -> None:
    """Let code that asks for CUDA compute on the CPU: whatever is moved there stays where it is."""

    def same(self: Any, *_: Any, **__: Any) -> Any:
        return self

    def nothing(*_: Any, **__: Any) -> None: ...

    def cpu(value: Any) -> Any:
        wants = value.split(":")[0] if isinstance(value, str) else getattr(value, "type", "")
        return torch.device("cpu") if wants == "cuda" and isinstance(value, (str, torch.device)) else value

    def here(function: Any) -> Any:
        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            return function(*map(cpu, args), **{key: cpu(value) for key, value in kwargs.items()})

        compiled = known(function) if known else None
        if compiled:
            torch.jit._builtins._register_builtin(called, compiled)
        return called

    def load(*args: Any, **kwargs: Any) -> Any:
        return original(*args, **({"map_location": "cpu", **kwargs} if len(args) < 2 else kwargs))

    known = getattr(getattr(torch.jit, "_builtins", None), "_find_builtin", None)  # torch.jit.script asks it
    original, torch.load = torch.load, load
    torch.Tensor.cuda = torch.nn.Module.cuda = torch.Tensor.pin_memory = same
    torch.nn.Module.to = here(torch.nn.Module.to)
    for owner, names, answer in ((torch, MAKERS, here), (torch.Tensor, NEWS, here), (torch.cuda, SILENT, None)):
        for name in names.split():
            if hasattr(owner, name):
                setattr(owner, name, answer(getattr(owner, name)) if answer else nothing)
    torch.cuda.current_device = lambda: 0


def _own(name: str, root: str) -> Any:
    """A module of the repository; another package of the same name would be another tracker."""
    module = importlib.import_module(name)
    if os.path.commonpath([os.path.realpath(str(module.__file__)), os.path.realpath(root)]) != os.path.realpath(root):
        raise ImportError(f"{name} came from {module.__file__}, not from {root}")
    return module


def _takes(function: Any) -> int:
    return len(inspect.signature(function).parameters)
