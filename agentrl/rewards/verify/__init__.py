"""From a text and a reference to facts: verifiers without memory, sandbox or model.

``instrument`` alone asks a model; it too only states facts.
"""
