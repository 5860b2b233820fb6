"""What cloud-init makes of each network configuration of version 1 in a directory: netplan's version 2, or why there is none."""
import json
import logging
import os
import sys

import yaml
from cloudinit.net import netplan
from cloudinit.net.network_state import parse_net_config_data


def ask(text):
    config = yaml.safe_load(text)
    state = parse_net_config_data(config.get("network", config), skip_broken=True)
    renderer = netplan.Renderer({"features": ["ipv6-mtu"]})
    renderer._features = ["ipv6-mtu"]
    return renderer._render_content(state)


def main():
    logging.disable(logging.CRITICAL)
    answers = {}
    for name in sorted(os.listdir(sys.argv[1])):
        with open(os.path.join(sys.argv[1], name), encoding="utf-8") as stream:
            try:
                answers[name] = {"netplan": ask(stream.read())}
            except Exception as error:
                answers[name] = {"error": repr(error)}
    json.dump(answers, sys.stdout)


main()
