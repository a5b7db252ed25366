"""Are the samples of a measurement told to be noise?"""

WITHIN = 0.1  # of the FID of noise images, as other noise and other counts of images differ


def noise_warning(fid: float | None, noise: float | None) -> str | None:
    """What is told of samples with this FID where noise images have ``noise``; None where they are
    better by more than WITHIN, or where one of the two is not known.
    """
    if fid is None or noise is None or fid < (1 - WITHIN) * noise:
        return None
    return f"samples are no better than noise, whose FID is {noise:.4g}, by more than {WITHIN:.0%}"
