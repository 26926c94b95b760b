"""The learning itself: a plain loop over batches, so that all it knows can leave the process as bytes.

AdamW (Loshchilov & Hutter 2019) with a linear warm-up and a cosine fall (2017) to zero, gradients clipped to 1. The
loss of a step is the mean over its learnt tokens, whatever the parts in which its batch goes through the model.
"""

from __future__ import annotations

import gc
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any, Final

from echo.training.checkpoint import Corrupt, State, packed
from echo.training.failures import MemoryTooSmall, TuningFailed
from echo.training.memory import ran_out
from echo.training.rendering import Row

CLIPPED: Final = 1.0
LOOKS: Final = 4
"""Looks at the validation loss in each epoch."""
POOL: Final = 8
"""Batches whose rows are ordered by length, so that little of a batch is filling."""
SMOOTH: Final = 0.1
"""Weight of the newest step in the loss and speed that are told."""
TOLD_EVERY: Final = 0.1
"""Seconds between two steps that are told."""
IGNORED: Final = -100

Tell = Callable[[dict[str, object]], None]


@dataclass(frozen=True, slots=True)
class Course:
    """How it is learnt; see TrainingSettings. `seed` makes it repeatable."""

    epochs: int
    batch: int
    learning_rate: float
    warmup: float
    patience: int
    checkpoint_seconds: float
    seed: int


def rate(course: Course, step: int, steps: int) -> float:
    """The learning rate of step 0..steps-1."""
    warm = round(course.warmup * steps)
    if step < warm:
        return course.learning_rate * (step + 1) / (warm + 1)
    return course.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def batches(rows: Sequence[Row], size: int, seed: int, epoch: int) -> list[list[Row]]:
    """All rows in batches of one epoch; the same for the same seed and epoch."""
    rng = random.Random(f"{seed}-{epoch}")
    order = list(rows)
    rng.shuffle(order)
    made: list[list[Row]] = []
    for start in range(0, len(order), POOL * size):
        pool = sorted(order[start : start + POOL * size], key=lambda row: len(row.ids))
        made += [pool[at : at + size] for at in range(0, len(pool), size)]
    rng.shuffle(made)
    return made


class Learning:
    """Trains what of `model` wants gradients on `rows`. `tell` gets rows for the parent, `keep` checkpoints."""

    def __init__(
        self,
        model: Any,
        rows: Sequence[Row],
        validation: Sequence[Row],
        course: Course,
        tell: Tell,
        keep: Callable[[bytes], None],
        state: State,
    ) -> None:
        import torch

        self._torch = torch
        self._model, self._rows, self._validation = model, rows, validation
        self._course, self._tell, self._keep = course, tell, keep
        self.state = state
        self._learnt = {name: each for name, each in model.named_parameters() if each.requires_grad}
        self._optimizer = torch.optim.AdamW(self._learnt.values(), lr=course.learning_rate, weight_decay=0.0)
        self._best: dict[str, Any] = {}
        self._keeps_logits = "logits_to_keep" in signature(model.get_base_model().forward).parameters
        self._each: int = math.ceil(len(rows) / course.batch)
        self.steps = self._each * course.epochs
        self._loss = self._seconds = 0.0
        self._speed = 0.0
        self._told = -math.inf
        torch.manual_seed(course.seed)

    def resume(self, state: State, tensors: dict[str, Any]) -> None:
        """Go on from a checkpoint. Raises Corrupt, and changes nothing, where it is of another model."""
        torch = self._torch
        for name, parameter in self._learnt.items():
            found = [tensors.get(f"{part}.{name}") for part in ("now", "mean", "square")]
            if any(one is None or one.shape != parameter.shape for one in found):
                raise Corrupt("the checkpoint is of another base model")
        with torch.no_grad():
            for name, parameter in self._learnt.items():
                parameter.copy_(tensors[f"now.{name}"])
        for name, parameter in self._learnt.items():
            self._optimizer.state[parameter] = {
                "step": torch.tensor(float(state.step)),
                "exp_avg": tensors[f"mean.{name}"].to(parameter.device),
                "exp_avg_sq": tensors[f"square.{name}"].to(parameter.device),
            }
        self._best = {name: tensors[f"best.{name}"] for name in self._learnt if f"best.{name}" in tensors}
        torch.set_rng_state(tensors["rng"])
        if "rng.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["rng.cuda"])
        self.state = replace(state, halvings=max(state.halvings, self.state.halvings))

    def run(self) -> bool:
        """Learn to the end, the weights of the best look in place; whether it ended early.

        Raises MemoryTooSmall where not even one row at a time has room, TuningFailed where the loss is no number.
        """
        if self.state.first is None and self._validation:
            self.state = replace(self.state, first=self._look())
        early = False
        kept = time.perf_counter()
        for batch in self._left():
            if early := self._waited_enough():
                break
            self._step(batch)
            if self.state.step % self._look_every() == 0 or self.state.step == self.steps:
                self._judge()
            if time.perf_counter() - kept >= self._course.checkpoint_seconds:
                self._keep(self.checkpoint())
                kept = time.perf_counter()
        with self._torch.no_grad():
            for name, weights in self._best.items():
                self._learnt[name].copy_(weights)
        return early

    def checkpoint(self) -> bytes:
        """All that is needed to go on from here."""
        torch = self._torch
        tensors = {"rng": torch.get_rng_state()}
        if self._device().type == "cuda":
            tensors["rng.cuda"] = torch.cuda.get_rng_state()
        for name, parameter in self._learnt.items():
            known = self._optimizer.state[parameter]
            tensors[f"now.{name}"] = parameter
            tensors[f"mean.{name}"] = known["exp_avg"]
            tensors[f"square.{name}"] = known["exp_avg_sq"]
        tensors |= {f"best.{name}": weights for name, weights in self._best.items()}
        return packed(self.state, tensors)

    def _left(self) -> Iterator[list[Row]]:
        """The batches of all epochs that are still to come."""
        done = self.state.step
        for epoch in range(done // self._each, self._course.epochs):
            made = batches(self._rows, self._course.batch, self._course.seed, epoch)
            yield from made[done - epoch * self._each if epoch == done // self._each else 0 :]

    def _step(self, batch: Sequence[Row]) -> None:
        began = time.perf_counter()
        step = self.state.step
        for group in self._optimizer.param_groups:
            group["lr"] = rate(self._course, step, self.steps)
        loss = self._with_room(lambda: self._gradients(batch))
        if not math.isfinite(loss):
            raise TuningFailed(
                f"Learning went astray at step {step + 1} (its loss is no number): lower training.learning_rate."
            )
        self._torch.nn.utils.clip_grad_norm_(self._learnt.values(), CLIPPED)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        tokens = sum(len(row.ids) for row in batch)
        self.state = replace(self.state, step=step + 1, tokens=self.state.tokens + tokens)
        self._report(loss, tokens, time.perf_counter() - began)

    def _with_room(self, compute: Callable[[], float]) -> float:
        """What comes of computing; where memory runs out it is tried again with half of the rows at a time."""
        while True:
            try:
                return compute()
            except (MemoryError, RuntimeError) as problem:
                if not ran_out(problem):
                    raise
            if self._at_once() == 1:
                raise MemoryTooSmall(
                    "There is too little memory to fine-tune this base model, even one example at a time: choose a "
                    "smaller base, or lower training.max_tokens."
                )
            self._halve()

    def _halve(self) -> None:
        self.state = replace(self.state, halvings=self.state.halvings + 1)
        # What the broken pass holds must be gone before the next one begins.
        self._optimizer.zero_grad(set_to_none=True)
        gc.collect()
        if self._device().type == "cuda":
            self._torch.cuda.empty_cache()
        self._tell({"halved": self._at_once(), "step": self.state.step, "steps": self.steps})

    def _at_once(self) -> int:
        """Rows that go through the model together."""
        return max(1, -(-self._course.batch >> self.state.halvings))

    def _gradients(self, batch: Sequence[Row]) -> float:
        self._model.train()
        self._optimizer.zero_grad(set_to_none=True)
        targets = sum(row.targets for row in batch)
        total = 0.0
        for rows in _portions(batch, self._at_once()):
            loss = self._summed(rows) / targets
            loss.backward()
            total += loss.item()
        return total

    def _look(self) -> float:
        """The validation loss."""

        def compute() -> float:
            self._model.eval()
            with self._torch.no_grad():
                some = _portions(sorted(self._validation, key=lambda row: len(row.ids)), self._at_once())
                total = sum(self._summed(rows).item() for rows in some)
            return float(total / sum(row.targets for row in self._validation))

        return self._with_room(compute)

    def _judge(self) -> None:
        if not self._validation:
            return
        loss = self._look()
        if self.state.best is None or loss < self.state.best:
            self.state = replace(self.state, best=loss, waited=0)
            self._best = {name: each.detach().cpu().clone() for name, each in self._learnt.items()}
        else:
            self.state = replace(self.state, waited=self.state.waited + 1)
        self._tell({"validation": loss, "step": self.state.step, "steps": self.steps, "first": self.state.first})

    def _waited_enough(self) -> bool:
        return self.state.waited >= self._course.patience

    def _look_every(self) -> int:
        return max(1, self._each // LOOKS)

    def _summed(self, rows: Sequence[Row]) -> Any:
        """The summed loss of the learnt tokens of some rows; logits are made only where there is such a token."""
        torch = self._torch
        longest = max(len(row.ids) for row in rows)
        ids = torch.zeros(len(rows), longest, dtype=torch.long)
        there = torch.zeros(len(rows), longest, dtype=torch.long)
        labels = torch.full((len(rows), longest), IGNORED, dtype=torch.long)
        for at, row in enumerate(rows):
            size = len(row.ids)
            ids[at, :size] = torch.tensor(row.ids)
            there[at, :size] = 1
            labels[at, : size - 1] = torch.tensor(
                [token if is_learnt else IGNORED for token, is_learnt in zip(row.ids[1:], row.learnt[1:], strict=True)],
                dtype=torch.long,
            )
        wanted = (labels != IGNORED).any(0).nonzero().flatten()
        device = self._device()
        kept = wanted.to(device)
        only = {"logits_to_keep": kept} if self._keeps_logits else {}
        logits = self._model(input_ids=ids.to(device), attention_mask=there.to(device), **only).logits
        if not only:
            logits = logits[:, kept]
        return torch.nn.functional.cross_entropy(
            logits.float().flatten(0, 1), labels[:, wanted].flatten().to(device), ignore_index=IGNORED, reduction="sum"
        )

    def _device(self) -> Any:
        return next(iter(self._learnt.values())).device

    def _report(self, loss: float, tokens: int, seconds: float) -> None:
        weight = SMOOTH if self._speed else 1.0
        self._loss += weight * (loss - self._loss)
        self._speed += weight * (tokens / seconds - self._speed)
        self._seconds += weight * (seconds - self._seconds)
        now, step = time.perf_counter(), self.state.step
        if now - self._told < TOLD_EVERY and step < self.steps:
            return
        self._told = now
        self._tell({
            "step": step,
            "steps": self.steps,
            "loss": round(self._loss, 4),
            "speed": round(self._speed, 1),
            "left": round(self._seconds * (self.steps - step), 1),
        })  # fmt: skip


def _portions(rows: Sequence[Row], size: int) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
