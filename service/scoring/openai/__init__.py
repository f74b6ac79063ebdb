"""The Scorer port on any OpenAI-compatible server: vLLM, Ollama, llama.cpp, a hosted one."""
