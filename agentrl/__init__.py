"""agentrl: run, grade and train LLM agents and LLM conductors in text, SWE and web environments.

Importing the package does nothing else; every part is imported from its own module.
"""

__version__ = "0.1.0"
