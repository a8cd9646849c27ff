"""What the REST interfaces of all applications share; settings.py hands it to the REST framework."""
