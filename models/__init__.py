"""What a model is, where its weights come from, and how a bundle is made of them."""
