# Python's smtplib as a client: one message from a file, told what to do by JSON on standard input, and what came of it as
# JSON on standard output.

import json
import smtplib
import ssl
import sys

job = json.load(sys.stdin)
context = ssl.create_default_context(cafile=job["caFile"])
try:
    if job["tls"] == "implicit":
        client = smtplib.SMTP_SSL(job["host"], job["port"], context=context, timeout=20)
    else:
        client = smtplib.SMTP(job["host"], job["port"], timeout=20)
    with client:
        if job["tls"] == "starttls":
            client.starttls(context=context)
        if job.get("auth"):
            client.login(job["auth"]["user"], job["auth"]["password"])
        with open(job["file"], "rb") as file:
            content = file.read()
        options = ["BODY=8BITMIME"] + (["SMTPUTF8"] if job.get("utf8") else [])
        refused = client.sendmail(job["from"], job["to"], content, mail_options=options)
    json.dump({"ok": not refused, "said": str(refused)}, sys.stdout)
except smtplib.SMTPException as error:
    json.dump({"ok": False, "said": repr(error)}, sys.stdout)
