"""How it is answered: the HTTP service and its store.

cli             the verbs that run the service and keep its store
service         the routes that predict; all that knows BentoML
api             the routes under /api, which show what the champion found
query           what a query of theirs may hold
direct          the routes that are asked most, answered before BentoML's own way in
middleware      request ids, body limits, one shape of errors
door            who may come in, and how many are answered at once; routes: what a key must be for
limits          rates by key, requests in flight
keys            an API key: made, kept as a digest, compared; keys_cli has its verbs
kept_keys       the keys in the store; keyring: those that a worker knows
ports           whether a service can listen where it is told to
loopback        whether only this machine can reach the service
headers         one header of a request
audit           one line a request; logs: JSON, an object a line
metrics         what is counted and measured, for Prometheus
backlog         what waits in the store
readiness       what /readyz says
error_bodies    errors that BentoML and Starlette wrote, in that shape
errors          a refusal: code, status, message, details
payloads        what is asked and what is answered, with units and ranges
feature_values  what a caller may send as the value of a feature
answers         a request -> rows -> an answer, or a refusal
predictor       a release and feature rows -> predictions; knows no HTTP
drivers         what a release found of its drivers, ready to be sent
vocabulary      what a release can read: names, kinds and levels of features
releases        finds, verifies and swaps the champion
trial           a release is tried out before it serves
processor       how a worker uses memory and processor
store           the online store of feature rows
store_tables    its tables as they are now; migrations/ has how they came to be
event_payloads  what may be sent to /events and what is answered
ingest          rows that were sent: checked, and on disk before it is said
live_rows       rows that came over HTTP, as the store keeps them
accounts        the accounts that are known, and when each has to be computed anew
fillings        puts the batch's rows of every account into the store
materialize     the same, and every row and score as of now
histories       what the feature worker knows of accounts, kept at hand
live_scores     from histories to feature rows and scores
feature_worker  the process beside the service that does so when events come and time passes
supervisor      runs the service and the feature worker together, and starts again what dies
strays          processes whose parent died: adopted and ended
scores          the latest prediction of every account
turns           writers of a SQLite file take turns
upsert          rows in place of those with the same key, in any dialect
actions         what was suggested last; action_payloads: what is answered of it, and what may be sent back
published       puts the rows that scoring publishes into the store
webhooks        what is told of an account whose tier changed
delivery        such messages on their way out: claimed, posted, tried again
retry_after     what a reply says of when to ask again
signature       what signs them, and how a receiver verifies it
outbox          what went out, waits or is dead; outbox_cli has its verbs
export          the latest scores, to where a CRM finds them
export_fields   what a CRM is given of an account
export_mapping  under which names and in whose words
export_csv      as a file; export_table: as rows of another database
forget          an account erased wherever the project keeps it
forget_store    from the store; forget_files: from files
tombstones      who was forgotten and must not come back
client          the service, from Python
openapi         the document of every route, with examples
segment_payloads  what /api/segments answers
watch           looks again every so often
places          where the command finds what the service uses
settings        what the environment may say; webhook_settings: of messages that go out
"""
