#!/bin/sh
# Starts the server. Usage: start.sh NODE_MODULES, in the environment that m365-sandbox serve gives.
# Node.js takes further authorities only when it starts.
NODE_PATH=$1 NODE_EXTRA_CA_CERTS=$MAILOPS_CA_FILE exec node "$(dirname "$0")/server.js"
