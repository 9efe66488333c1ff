"""How the demo model was made: tokenizer, token stream, training model, recipe."""
