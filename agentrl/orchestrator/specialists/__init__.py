"""Tasks that mix four skills, and the parts of them that tiny language models are trained on."""
