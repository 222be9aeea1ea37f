#!/bin/sh
# Grants each closebell service what it needs on the topics of a deployment, and nothing else: one Kafka user a service,
# closebell-feed, closebell-open and so on. Whoever runs it hands on where the broker is and who administers it:
#
#   deploy/kafka-acls.sh --bootstrap-server broker:9093 --command-config admin.properties
#
# CLOSEBELL_PREFIX   prefix of the deployment, as in kafka://host:port/<prefix>
# KAFKA_ACLS         Kafka's own command, kafka-acls.sh unless said
# READER_GROUPS      how the groups of subscribers begin, desk- unless said
#
# Only `open` creates topics, so it runs before anything else. backfill does what open, features, close and sink do:
# run it as a user with their grants.
set -eu

dot=${CLOSEBELL_PREFIX:+$CLOSEBELL_PREFIX.}
acls=${KAFKA_ACLS:-kafka-acls.sh}

# grant OPERATION 'USER...' TOPIC...
grant() {
  operation=$1 flags=
  for user in $2; do flags="$flags --allow-principal User:closebell-$user"; done
  shift 2
  for topic in "$@"; do flags="$flags --topic ${dot}closebell.$topic.v1"; done
  "$acls" $connection --add --operation "$operation" $flags
}

# join USER GROUP: membership of the groups that begin so.
join() {
  "$acls" $connection --add --allow-principal "User:closebell-$1" --operation Read \
    --group "$dot$2" --resource-pattern-type prefixed
}

connection=$*
factors='factor-pv factor-g factor-c factor-hf factor-dp'
outputs="minutes days panels inputs $factors ml-c completed"
all="market corrections $outputs jobs results late quarantine status"

# A service asks first which topics there are.
grant Describe 'feed open features close model sink correct reader' $all

grant Create open $all
grant Read open market
grant Write open market inputs status

grant Read feed market
grant Write feed market status

grant Read features market corrections days
grant Write features minutes days late quarantine status
join features features

grant Read close market corrections days panels inputs jobs results $factors ml-c completed status
grant Write close market panels inputs jobs $factors ml-c completed status

grant Read model jobs panels inputs
grant Write model results status
join model model

grant Read sink $outputs
grant Write sink status
join sink sink-

grant Read correct market corrections days late completed
grant Write correct market corrections status

# monitor, serve, top, doctor, replay and subscribers.
grant Read reader $all
grant DescribeConfigs reader $all
grant Write reader status
join reader "${READER_GROUPS:-desk-}"
