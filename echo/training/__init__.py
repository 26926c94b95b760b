"""Fine-tuning: a person's own model, learnt as a LoRA adapter (Hu et al. 2021) in a child process."""
