"""Lambda functions that really run.

moto keeps the functions (their code, settings, versions, aliases); what is here invokes them: each in processes of its
own, its sandboxes, with AWS's own runtime client for Python.

Not as in the service: a function of any runtime python3.x is run by the interpreter that runs this server, with the
packages that are installed for it; its memory is not limited, and its role permits everything.
"""
