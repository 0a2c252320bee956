"""Make a small synthetic pose data set that a network learns within a minute on a CPU.

Each animal is three blurred blobs on a noisy dark ground: head, body and tail, told apart by their
size and brightness. The animals circle the middle of the image on opposite sides, so that they
never touch. Every fifth frame or so is held out for validation.

Writes into the folder:
    train.pkg.slp, val.pkg.slp  labels with the images embedded
    demo.mp4, demo.slp          the whole video, and the true poses in it

Needs only what sleap-nn brings along (numpy and sleap-io), and takes about two seconds.
"""

import argparse
from pathlib import Path

import numpy as np
import sleap_io as sio

GROUND = 30  # grey level
NOISE = 4  # standard deviation, grey levels
ARM = 14  # pixels from the body to the head, and to the tail
HELD_OUT = 0.2  # fraction of the frames

# Standard deviation in pixels and peak in grey levels.
NODES = {"head": (5.0, 210), "body": (7.0, 130), "tail": (2.5, 170)}


def animal_poses(frames, animals, size, rng):
    """Move the animals once around the image.

    Returns:
        Points (x, y) in pixels, of shape (frames, animals, nodes, 2).
    """
    start = rng.uniform(0, 2 * np.pi)
    poses = np.empty((frames, animals, len(NODES), 2))
    for frame in range(frames):
        for animal in range(animals):
            angle = start + 2 * np.pi * (frame / frames + animal / animals)
            radius = size * (0.28 + 0.06 * np.sin(3 * angle + animal))
            body = size / 2 + radius * direction(angle)
            arm = ARM * direction(2.3 * angle + animal)
            poses[frame, animal] = body + arm, body, body - arm
    return poses


def direction(angle):
    """Unit vector at an angle in radians."""
    return np.array([np.cos(angle), np.sin(angle)])


def draw(poses, size, rng):
    """Draw the animals of one frame as an 8-bit grey image of shape (size, size, 1)."""
    rows, columns = np.mgrid[0:size, 0:size]
    image = np.full((size, size), float(GROUND))
    for points in poses:
        for (x, y), (width, peak) in zip(points, NODES.values()):
            distance = (columns - x) ** 2 + (rows - y) ** 2
            image = np.maximum(image, GROUND + peak * np.exp(-distance / (2 * width**2)))
    image += rng.normal(0, NOISE, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)[..., np.newaxis]


def label(video, poses):
    """Label every frame of the video with the true poses."""
    names = list(NODES)
    skeleton = sio.Skeleton(nodes=names, edges=list(zip(names, names[1:])), name="demo")
    labeled_frames = [
        sio.LabeledFrame(
            video=video,
            frame_idx=index,
            instances=[sio.Instance.from_numpy(points, skeleton=skeleton) for points in animals],
        )
        for index, animals in enumerate(poses)
    ]
    return sio.Labels(videos=[video], skeletons=[skeleton], labeled_frames=labeled_frames)


def make_data(folder, frames, animals, size, seed):
    """Write the files into the folder; the same seed gives the same images."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    poses = animal_poses(frames, animals, size, rng)
    images = np.stack([draw(animals_of_frame, size, rng) for animals_of_frame in poses])

    sio.save_video(images, folder / "demo.mp4", fps=15)
    labels = label(sio.load_video(str(folder / "demo.mp4"), grayscale=True), poses)
    labels.save(str(folder / "demo.slp"), embed=False, verbose=False)

    held_out = max(1, round(frames * HELD_OUT))
    shuffled = rng.permutation(frames)
    parts = {"val": sorted(shuffled[:held_out]), "train": sorted(shuffled[held_out:])}
    for name, indices in parts.items():
        part = labels.extract([int(index) for index in indices])
        part.save(str(folder / f"{name}.pkg.slp"), embed="user", verbose=False)


def main():
    """Read the command line."""
    summary, _, details = __doc__.partition("\n")
    parser = argparse.ArgumentParser(
        description=summary,
        epilog=details,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="where the files are written")
    parser.add_argument("--frames", type=int, default=60, help="at least 2 (default: 60)")
    parser.add_argument("--animals", type=int, default=1, help="1 or 2 (default: 1)")
    parser.add_argument("--size", type=int, default=160, help="width in pixels (default: 160)")
    parser.add_argument("--seed", type=int, default=0, help="of the random numbers (default: 0)")
    arguments = parser.parse_args()
    if arguments.frames < 2:
        parser.error("--frames must be at least 2")
    make_data(**vars(arguments))


if __name__ == "__main__":
    main()
