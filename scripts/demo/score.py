"""Say how far predictions are from the truth, and draw one frame with the predicted skeleton.

Prints JSON: frames, nodes and missed (counts), mean_error (pixels, over the nodes that were found),
picture (the path). Needs only what sleap-nn brings along (numpy, pillow and sleap-io).
"""

import argparse
import json

import numpy as np
import sleap_io as sio
from PIL import Image, ImageDraw

ZOOM = 4
COLOURS = ["#ff5050", "#50ff50", "#50a0ff"]
BONE = "#ffe060"


def points_by_frame(path):
    """The first instance of every frame: {frame: points (x, y) in pixels, of shape (nodes, 2)}."""
    labels = sio.load_slp(path)
    return labels, {
        frame.frame_idx: frame.instances[0].numpy()
        for frame in labels
        if frame.instances
    }


def draw(image, points, edges, path):
    """Write an enlarged picture with nodes and the lines between them."""
    grey = Image.fromarray(np.squeeze(image)).convert("RGB")
    picture = grey.resize((grey.width * ZOOM, grey.height * ZOOM))
    canvas = ImageDraw.Draw(picture)
    places = [(float(x) * ZOOM, float(y) * ZOOM) for x, y in points]
    found = [not np.isnan(point).any() for point in points]
    for start, end in edges:
        if found[start] and found[end]:
            canvas.line([places[start], places[end]], fill=BONE, width=3)
    for (x, y), is_found, colour in zip(places, found, COLOURS):
        if is_found:
            canvas.ellipse([x - 6, y - 6, x + 6, y + 6], outline=colour, width=3)
    picture.save(path)


def main():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("predictions")
    parser.add_argument("truth")
    parser.add_argument("picture")
    arguments = parser.parse_args()
    predictions, found = points_by_frame(arguments.predictions)
    _, truth = points_by_frame(arguments.truth)
    nothing = np.full_like(next(iter(truth.values())), np.nan)
    distances = np.array(
        [
            np.linalg.norm(found.get(frame, nothing) - points, axis=1)
            for frame, points in truth.items()
        ]
    )
    frame = sorted(found)[len(found) // 2]
    image = predictions.videos[0][frame]
    draw(image, found[frame], predictions.skeletons[0].edge_inds, arguments.picture)
    print(
        json.dumps(
            {
                "frames": len(truth),
                "nodes": int(distances.size),
                "missed": int(np.isnan(distances).sum()),
                "mean_error": float(np.nanmean(distances)),
                "frame": int(frame),
                "picture": arguments.picture,
            }
        )
    )


if __name__ == "__main__":
    main()
