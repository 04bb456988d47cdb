"""The OpenAI dialect, as far as a small local model can honour it: https://platform.openai.com/docs."""
