"""The child process that fine-tunes: `python -m echo.training.child`. Talks on standard input, the adapter on output.

See `echo.training.wire` for what it is told and what it says. Nothing touches the disk but the base, which is read.
Torch, transformers and peft are imported in here alone, and in what only this module calls.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, BinaryIO, Final

from echo.engines.parent import GONE, follow, run, say
from echo.errors import EchoError
from echo.logs import describe
from echo.training.checkpoint import Corrupt, State, unpacked
from echo.training.failures import BaseUnusable, MemoryTooSmall, TuningFailed
from echo.training.learning import Learning
from echo.training.memory import ran_out
from echo.training.rendering import Renderer, Row
from echo.training.talk import Talk, talk_of
from echo.training.wire import Order, order_of

NICE: Final = 5
"""How much the child gives way to Echo itself."""
EXPENDABLE: Final = "900"
"""Of 1,000: where memory runs out the system is to end the child, not Echo."""


def serve(source: BinaryIO, sink: BinaryIO) -> int:
    """Reads one order, learns, writes the adapter. The exit code."""
    sink = _only_ours(sink)
    head = json.loads(source.readline() or b"{}")
    if "fingerprint" not in head:
        return GONE
    order = order_of(head)
    lines = [source.readline() for _ in range(order.training + order.validation)]
    checkpoint = source.read(order.checkpoint)
    if len(checkpoint) < order.checkpoint or (lines and not lines[-1].endswith(b"\n")):
        return GONE
    follow(source)
    _give_way()
    try:
        _serve(order, [talk_of(line) for line in lines], checkpoint, sink)
    except (EchoError, ImportError, MemoryError, RuntimeError, ValueError, LookupError, TypeError) as problem:
        told = _told(problem)
        say(sink, {"error": str(told), "kind": type(told).__name__})
        return 1
    return 0


def _told(problem: BaseException) -> EchoError:
    """What went wrong, as a sentence. Kind and place alone of what is not ours: its words may quote somebody's."""
    if isinstance(problem, EchoError):
        return problem
    if isinstance(problem, ImportError):
        return TuningFailed(f"The extra [train] is installed only in part ({problem.name}): install it again.")
    if ran_out(problem):
        return MemoryTooSmall(
            "There is too little memory to fine-tune this base model: choose a smaller one, or lower training.rank."
        )
    return TuningFailed(f"Learning broke ({describe(problem)}): try another base, or report it.")


def _only_ours(sink: BinaryIO) -> BinaryIO:
    """Where our frames go, alone: whatever a library prints goes to standard error."""
    own = os.fdopen(os.dup(sink.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sink.fileno())
    return own


def _give_way() -> None:
    with suppress(OSError):
        os.nice(NICE)
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write(EXPENDABLE)


def _serve(order: Order, talks: Sequence[Talk], checkpoint: bytes, sink: BinaryIO) -> None:
    import torch

    torch.set_num_threads(order.threads)
    began = time.perf_counter()
    device = _device(order.device)
    say(sink, {"device": device, "threads": order.threads})
    tokenizer, model = _loaded(order, device)
    renderer = Renderer(tokenizer, order.max_tokens, order.system)
    rows = [row for talk in talks[: order.training] for row in renderer.rows(talk)]
    validation = [row for talk in talks[order.training :] for row in renderer.rows(talk)]
    if not rows:
        raise TuningFailed("No turn of this person's fits into one example: raise training.max_tokens.")
    learning = _learning(order, model, rows, validation, sink)
    if checkpoint:
        try:
            learning.resume(*unpacked(checkpoint, order.fingerprint))
        except Corrupt as reason:
            say(sink, {"anew": str(reason)})
    say(sink, {"step": learning.state.step, "steps": learning.steps, "rows": len(rows)})
    early = learning.run()
    config, weights = _adapter(model)
    say(sink, {
        "adapter": len(weights), "config": config, "step": learning.state.step, "steps": learning.steps,
        "tokens": learning.state.tokens, "first": learning.state.first, "best": learning.state.best,
        "early": early, "seconds": round(time.perf_counter() - began, 3), "device": device,
    })  # fmt: skip
    sink.write(weights)
    sink.flush()


def _device(wanted: str) -> str:
    import torch

    if wanted == "cuda" and not torch.cuda.is_available():
        raise TuningFailed("There is no GPU that torch can use: set training.device to auto or cpu.")
    return "cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu"


def _loaded(order: Order, device: str) -> tuple[Any, Any]:
    """The tokenizer, and the base with a new adapter on all its linear projections."""
    import torch
    from peft import LoraConfig, get_peft_model
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(order.base, local_files_only=True)
        kind = torch.bfloat16 if device == "cuda" else torch.float32
        base = AutoModelForCausalLM.from_pretrained(order.base, local_files_only=True, dtype=kind).to(device)
    except (OSError, ValueError, KeyError, AttributeError, ImportError, SafetensorError) as failure:
        raise BaseUnusable(
            f"The base model in {order.base} can't be loaded ({type(failure).__name__}): fetch it again, or choose one "
            "that the installed transformers knows."
        ) from failure
    except (MemoryError, RuntimeError) as failure:
        if not ran_out(failure):
            raise
        raise MemoryTooSmall(
            "There is too little memory to load the base model: choose a smaller one as training.base."
        ) from failure
    if len(tokenizer) > base.get_input_embeddings().num_embeddings:
        raise BaseUnusable(f"The tokenizer in {order.base} is not that of its model: fetch the base again.")
    base.config.use_cache = False
    torch.manual_seed(order.course.seed)
    config = LoraConfig(
        r=order.rank,
        lora_alpha=order.alpha,  # type: ignore[arg-type,unused-ignore]
        lora_dropout=order.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    return tokenizer, get_peft_model(base, config)


def _learning(order: Order, model: Any, rows: Sequence[Row], validation: Sequence[Row], sink: BinaryIO) -> Learning:
    def keep(blob: bytes) -> None:
        say(sink, {"checkpoint": len(blob), "at": learning.state.step})
        sink.write(blob)
        sink.flush()

    state = State(order.fingerprint, halvings=order.halvings)
    learning = Learning(model, rows, validation, order.course, lambda row: say(sink, row), keep, state)
    return learning


def _adapter(model: Any) -> tuple[str, bytes]:
    """What PEFT would write: adapter_config.json and adapter_model.safetensors."""
    from peft import get_peft_model_state_dict
    from safetensors.torch import save

    weights = {
        name: each.detach().cpu().float().contiguous() for name, each in get_peft_model_state_dict(model).items()
    }
    config = model.peft_config["default"].to_dict() | {"base_model_name_or_path": None, "inference_mode": True}
    readable = {key: sorted(value) if isinstance(value, set) else value for key, value in config.items()}
    return json.dumps(readable, default=str, sort_keys=True), save(weights, {"format": "pt"})


if __name__ == "__main__":
    run(serve)
