"""Looks up known vulnerabilities of the locked packages at osv.dev.

``python .ci/vulnerabilities.py requirements/development.txt`` ends with 1 if there are any. If the
service cannot be reached, it says so and ends with 0.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from urllib.request import Request, urlopen

SERVICE = "https://api.osv.dev/v1/querybatch"  # google.github.io/osv.dev/post-v1-querybatch
PIN = re.compile(r"^([\w.-]+)==([\w.+!-]+)", re.MULTILINE)


def main(file: str) -> int:
    pins = PIN.findall(Path(file).read_text())
    queries = [
        {"package": {"ecosystem": "PyPI", "name": name}, "version": version}
        for name, version in pins
    ]
    body = json.dumps({"queries": queries}).encode()
    request = Request(SERVICE, body, {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=20) as answer:
            results = json.load(answer)["results"]
    except (OSError, ValueError, KeyError) as error:
        print(f"Vulnerabilities were not looked up: {SERVICE} gave no usable answer ({error}).")
        return 0
    found = 0
    for (name, version), result in zip(pins, results, strict=True):
        for one in result.get("vulns", ()):
            found += 1
            print(f"{name} {version}: https://osv.dev/vulnerability/{one['id']}")
    print(f"{len(pins)} packages, {found} known vulnerabilities.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
