"""Where a retraining finds and keeps things: keys in the project's bucket."""

# people and `new_images` put pictures there, as CLASS/…
NEW_IMAGES_PREFIX = "scones/new-images"
# not below the former: nothing that was taken for one execution is ever taken for another one's new images
SNAPSHOTS_PREFIX = "scones/retraining/new-images"
# the history of requests: model_monitor/template.yaml gives it to the function
STATE_KEY = "scones/retraining/state.json"
