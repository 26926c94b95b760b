"""A loopback Ollama with a real model behind it answers by the weights of the file that the model was made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ollama

from tests.support.ollama_mind import ollama_with_a_mind

ASKED = [{"role": "user", "content": "Petr: how is the boat coming along?"}]


async def test_a_model_made_of_a_file_answers_by_its_weights_as_it_is_asked(llama_gguf: Path, tmp_path: Path) -> None:
    async with (
        ollama_with_a_mind(tmp_path, parallel=2) as server,
        ollama.AsyncClient(server.address, trust_env=False, verify=False) as client,
    ):
        digest = await client.create_blob(llama_gguf)
        await client.create("tiny", files={"tiny.gguf": digest})
        for name in ("Mara", "Petr"):
            await client.create(f"echo-{name}:1", from_="tiny", system=f"You are {name}.")

        async def said(model: str, **options: Any) -> tuple[str, int]:
            answer = await client.chat(model, ASKED, options={"num_predict": 12, "num_ctx": 256, **options})
            return str(answer.message.content), int(answer.eval_count or 0)

        mara = [await said("echo-Mara:1", seed=seed) for seed in (1, 1, 2, 3)]
        assert mara[0] == mara[1] and len(set(mara)) >= 2
        assert all(text and count <= 12 for text, count in mara)
        greedy = [await said("echo-Mara:1", seed=seed, temperature=0) for seed in (1, 2)]
        assert greedy[0] == greedy[1]
        await said("echo-Petr:1", seed=1)
        assert (server.loads, server.pulled) == ([digest], [])
        assert [seen.system for seen in server.seen][-2:] == ["You are Mara.", "You are Petr."]
