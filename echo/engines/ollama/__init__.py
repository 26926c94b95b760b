"""The Ollama engine: personas on chat models that an Ollama server holds."""
