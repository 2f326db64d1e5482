"""Wrong twins of `merge_stats`. Chapters: numerics, ship-and-scale, gradient-checking.

Counts, means (D,) and biased variances (D,). Read each beside the right lines:

    count, apart = count_a + count_b, mean_b - mean_a
    mean = (count_a * mean_a + count_b * mean_b) / count
    between = apart**2 * count_a * count_b / count**2
    var = (count_a * var_a + count_b * var_b) / count + between
    return count, mean, var
"""

# mypy: disable-error-code="no-any-return"
# (To mypy, arithmetic on arrays is Any. Saying otherwise in every twin would bury the slip.)

import numpy as np

from bncourse.conventions import Row
from bncourse.mistakes.twin import twin

__all__ = ["MERGING"]

Stats = tuple[int, np.ndarray, np.ndarray]


@twin("merging.unweighted", "the version that takes plain averages of the two means and the two variances")
def unweighted(count_a: int, mean_a: Row, var_a: Row, count_b: int, mean_b: Row, var_b: Row) -> Stats:
    """A batch of two weighs as much as one of nine."""
    count = count_a + count_b
    mean = (mean_a + mean_b) / 2
    var = (var_a + var_b) / 2
    return count, mean, var


@twin("merging.unweighted-mean", "the version whose mean is the plain average of the two")
def unweighted_mean(count_a: int, mean_a: Row, var_a: Row, count_b: int, mean_b: Row, var_b: Row) -> Stats:
    """The variance is right."""
    count, apart = count_a + count_b, mean_b - mean_a
    mean = (mean_a + mean_b) / 2
    between = apart**2 * count_a * count_b / count**2
    var = (count_a * var_a + count_b * var_b) / count + between
    return count, mean, var


@twin("merging.unweighted-within", "the version whose variances are averaged without their counts")
def unweighted_within(count_a: int, mean_a: Row, var_a: Row, count_b: int, mean_b: Row, var_b: Row) -> Stats:
    """The mean and the between-group term are right."""
    count, apart = count_a + count_b, mean_b - mean_a
    mean = (count_a * mean_a + count_b * mean_b) / count
    between = apart**2 * count_a * count_b / count**2
    var = (var_a + var_b) / 2 + between
    return count, mean, var


@twin("merging.unweighted-between", "the version whose between-group term is that of equal counts")
def unweighted_between(count_a: int, mean_a: Row, var_a: Row, count_b: int, mean_b: Row, var_b: Row) -> Stats:
    """A quarter of the distance squared, whatever the counts."""
    count, apart = count_a + count_b, mean_b - mean_a
    mean = (count_a * mean_a + count_b * mean_b) / count
    between = apart**2 / 4
    var = (count_a * var_a + count_b * var_b) / count + between
    return count, mean, var


@twin("merging.no-between", "the version without the between-group term")
def no_between(count_a: int, mean_a: Row, var_a: Row, count_b: int, mean_b: Row, var_b: Row) -> Stats:
    """Pooled: as if both means were the same."""
    count = count_a + count_b
    mean = (count_a * mean_a + count_b * mean_b) / count
    var = (count_a * var_a + count_b * var_b) / count
    return count, mean, var


@twin("merging.between-no-square", "the version whose between-group term lacks the square")
def between_no_square(count_a: int, mean_a: Row, var_a: Row, count_b: int, mean_b: Row, var_b: Row) -> Stats:
    """The distance of the means, not its square."""
    count, apart = count_a + count_b, mean_b - mean_a
    mean = (count_a * mean_a + count_b * mean_b) / count
    between = apart * count_a * count_b / count**2
    var = (count_a * var_a + count_b * var_b) / count + between
    return count, mean, var


@twin("merging.between-one-share", "the version whose between-group term is divided by the count once")
def between_one_share(count_a: int, mean_a: Row, var_a: Row, count_b: int, mean_b: Row, var_b: Row) -> Stats:
    """n_a·n_b/n belongs to the sum of squares; a variance divides by n again."""
    count, apart = count_a + count_b, mean_b - mean_a
    mean = (count_a * mean_a + count_b * mean_b) / count
    between = apart**2 * count_a * count_b / count
    var = (count_a * var_a + count_b * var_b) / count + between
    return count, mean, var


@twin("merging.between-sign", "the version that subtracts the between-group term")
def between_sign(count_a: int, mean_a: Row, var_a: Row, count_b: int, mean_b: Row, var_b: Row) -> Stats:
    """A sign."""
    count, apart = count_a + count_b, mean_b - mean_a
    mean = (count_a * mean_a + count_b * mean_b) / count
    between = apart**2 * count_a * count_b / count**2
    var = (count_a * var_a + count_b * var_b) / count - between
    return count, mean, var


@twin("merging.shares-exchanged", "the version with the two counts exchanged")
def shares_exchanged(count_a: int, mean_a: Row, var_a: Row, count_b: int, mean_b: Row, var_b: Row) -> Stats:
    """Each mean and variance has the weight of the other."""
    count, apart = count_a + count_b, mean_b - mean_a
    mean = (count_b * mean_a + count_a * mean_b) / count
    between = apart**2 * count_a * count_b / count**2
    var = (count_b * var_a + count_a * var_b) / count + between
    return count, mean, var


@twin("merging.bessel-in", "the version that takes the two variances for unbiased ones")
def bessel_in(count_a: int, mean_a: Row, var_a: Row, count_b: int, mean_b: Row, var_b: Row) -> Stats:
    """Multiplied by n − 1, divided by n."""
    count, apart = count_a + count_b, mean_b - mean_a
    mean = (count_a * mean_a + count_b * mean_b) / count
    between = apart**2 * count_a * count_b / count**2
    var = ((count_a - 1) * var_a + (count_b - 1) * var_b) / count + between
    return count, mean, var


@twin("merging.bessel-out", "the version that divides the merged sum of squares by the count − 1")
def bessel_out(count_a: int, mean_a: Row, var_a: Row, count_b: int, mean_b: Row, var_b: Row) -> Stats:
    """Biased goes in, unbiased comes out."""
    count, apart = count_a + count_b, mean_b - mean_a
    mean = (count_a * mean_a + count_b * mean_b) / count
    between = apart**2 * count_a * count_b / count**2
    var = (count_a * var_a + count_b * var_b) / count + between
    var = var * count / (count - 1)
    return count, mean, var


@twin("merging.bessel-both", "the version with N − 1 in the two variances and in the merged one")
def bessel_both(count_a: int, mean_a: Row, var_a: Row, count_b: int, mean_b: Row, var_b: Row) -> Stats:
    """Right for unbiased variances, and these are biased."""
    count, apart = count_a + count_b, mean_b - mean_a
    mean = (count_a * mean_a + count_b * mean_b) / count
    between = apart**2 * count_a * count_b / count
    var = ((count_a - 1) * var_a + (count_b - 1) * var_b + between) / (count - 1)
    return count, mean, var


@twin("merging.pooled-unbiased", "the version that pools with N − 1 and leaves out the between-group term")
def pooled_unbiased(count_a: int, mean_a: Row, var_a: Row, count_b: int, mean_b: Row, var_b: Row) -> Stats:
    """The pooled variance of a t-test."""
    count = count_a + count_b
    mean = (count_a * mean_a + count_b * mean_b) / count
    var = ((count_a - 1) * var_a + (count_b - 1) * var_b) / (count - 2)
    return count, mean, var


@twin("merging.std-merged", "the version that averages standard deviations")
def std_merged(count_a: int, mean_a: Row, var_a: Row, count_b: int, mean_b: Row, var_b: Row) -> Stats:
    """Roots do not add."""
    count, apart = count_a + count_b, mean_b - mean_a
    mean = (count_a * mean_a + count_b * mean_b) / count
    between = apart**2 * count_a * count_b / count**2
    var = ((count_a * np.sqrt(var_a) + count_b * np.sqrt(var_b)) / count) ** 2 + between
    return count, mean, var


@twin("merging.about-old-mean", "the version whose variance is that about the old mean")
def about_old_mean(count_a: int, mean_a: Row, var_a: Row, count_b: int, mean_b: Row, var_b: Row) -> Stats:
    """The first mean stands where the new one belongs."""
    count, apart = count_a + count_b, mean_b - mean_a
    mean = (count_a * mean_a + count_b * mean_b) / count
    between = apart**2 * count_b / count
    var = (count_a * var_a + count_b * var_b) / count + between
    return count, mean, var


@twin("merging.mean-kept", "the version that keeps the first mean")
def mean_kept(count_a: int, mean_a: Row, var_a: Row, count_b: int, mean_b: Row, var_b: Row) -> Stats:
    """Only the variance is merged."""
    count, apart = count_a + count_b, mean_b - mean_a
    mean = mean_a
    between = apart**2 * count_a * count_b / count**2
    var = (count_a * var_a + count_b * var_b) / count + between
    return count, mean, var


@twin("merging.count-kept", "the version that keeps the first count")
def count_kept(count_a: int, mean_a: Row, var_a: Row, count_b: int, mean_b: Row, var_b: Row) -> Stats:
    """The next merge will weigh it too little."""
    count, apart = count_a + count_b, mean_b - mean_a
    mean = (count_a * mean_a + count_b * mean_b) / count
    between = apart**2 * count_a * count_b / count**2
    var = (count_a * var_a + count_b * var_b) / count + between
    return count_a, mean, var


MERGING = (
    unweighted, unweighted_mean, unweighted_within, unweighted_between, no_between, between_no_square,
    between_one_share, between_sign, shares_exchanged, bessel_in, bessel_out, bessel_both,
    pooled_unbiased, std_merged, about_old_mean, mean_kept, count_kept,
)  # fmt: skip
