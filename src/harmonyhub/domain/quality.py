"""How good lists are: the figures of an evaluation, and what each of them means."""

from dataclasses import dataclass

FEWEST_LISTENERS = 10  # an interval over fewer speaks of these listeners and of nobody else


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over listeners and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Spread:
    """How unequally listeners are served: quantiles of their NDCG@100, each in [0, 1].

    `nothing_found` is the share of listeners of whose hidden tracks none is among the first 100.
    """

    p10: float
    p25: float
    p50: float
    p75: float
    p90: float
    nothing_found: float


@dataclass(frozen=True, slots=True)
class LengthGroup:
    """Listeners with histories of `shortest` to `longest` given tracks, and their NDCG@100."""

    shortest: int
    longest: int
    n_users: int
    ndcg_at_100: Estimate


@dataclass(frozen=True, slots=True)
class ListShape:
    """What lists of up to 20 tracks look like, whether they please or not.

    Attributes
    ----------
    coverage : float
        Share of the catalogue that stands in at least one list, in [0, 1].
    gini : float
        Gini coefficient of how often each track of the catalogue is listed, in [0, 1]: 0 is all
        alike, 1 is one track for everybody.
    novelty_bits : Estimate
        Mean self-information of the listed tracks, 0 or more bits: 1 bit more is half as many
        listeners. None where no list holds a track.
    diversity : Estimate or None
        One minus the mean cosine of all pairs of a list, in [0, 1], over `diversity_by`; None where
        the catalogue has neither tags nor artists.
    popularity_lift : Estimate or None
        Mean popularity of the lists against that of the histories, minus 1: -1 or more, 0 is as
        popular as what people play by themselves. None where the histories are of unheard tracks.
    repeat_rate : Estimate
        Share of the listed tracks that the listener has heard, in [0, 1].

    References
    ----------
    Zhou et al. 2010, "Solving the apparent diversity-accuracy dilemma of recommender systems"
    (self-information); Ziegler et al. 2005, "Improving recommendation lists through topic
    diversification"; Abdollahpouri et al. 2020, "The connection between popularity bias,
    calibration, and fairness in recommendation" (popularity lift).
    """

    coverage: float
    gini: float
    novelty_bits: Estimate | None
    diversity: Estimate | None
    diversity_by: str | None
    popularity_lift: Estimate | None
    repeat_rate: Estimate | None


@dataclass(frozen=True, slots=True)
class Quality:
    """How well one method found what was hidden.

    Attributes
    ----------
    recall_at_20, recall_at_50 : Estimate
        Found hidden tracks over min(k, hidden tracks), in [0, 1].
    ndcg_at_100 : Estimate
        As recall, but early places count more, in [0, 1]; 1 is all hidden tracks first.
    mrr_at_100 : Estimate
        One over the place of the first hidden track, 0 where the first 100 hold none; in [0, 1].
    by_length : tuple of LengthGroup
        Listeners by the length of their history, in up to three groups of one size.
    lists : ListShape
        Of the first 20 places.

    References
    ----------
    Liang et al. 2018, "Variational autoencoders for collaborative filtering" (recall, NDCG).
    """

    recall_at_20: Estimate
    recall_at_50: Estimate
    ndcg_at_100: Estimate
    mrr_at_100: Estimate
    spread: Spread
    by_length: tuple[LengthGroup, ...]
    lists: ListShape


@dataclass(frozen=True, slots=True)
class MethodQuality:
    """One method on the same listeners as all others of its view.

    `gain` is how much more NDCG@100 we find than it, paired; None for our own row.
    """

    name: str
    quality: Quality
    gain: Estimate | None = None


@dataclass(frozen=True, slots=True)
class View:
    """One question that held-out listens answer: what was to be found, and by whom.

    Attributes
    ----------
    n_users, n_hidden : int
        Listeners, and how many tracks of theirs were to be found.
    methods : tuple of MethodQuality
        Ours first.
    """

    name: str
    question: str
    n_users: int
    n_hidden: int
    methods: tuple[MethodQuality, ...]

    def verdict_on(self, method: MethodQuality) -> str:
        """Say whether we beat a method: by noise or not, or that nobody can tell."""
        gain = method.gain
        if gain is None:
            return ""
        if self.n_users < FEWEST_LISTENERS:
            return "too few listeners to tell"
        if gain.low > 0:
            return "we find more"
        return "we find less" if gain.high < 0 else "no difference beyond noise"


@dataclass(frozen=True, slots=True)
class ServedLists:
    """The very lists that listeners would get, 20 tracks each: caps, re-ranking and reasons.

    Attributes
    ----------
    recall_at_20 : Estimate or None
        Tracks of the listener's future among them, over min(20, those tracks), in [0, 1]; for
        Discover of those never played before. None where nobody has any.
    most_of_release, most_of_artist : int
        The most tracks that any list has of one release and of one artist.
    n_over_caps : int
        Lists of several artists with more than 2 of a release or 3 of an artist.
    n_checked, n_verified : int
        Cards whose reasons were put to the test by taking their evidence out of the history, and
        those whose score fell by at least what each reason claims.
    """

    name: str
    n_lists: int
    n_tracks: int
    recall_at_20: Estimate | None
    shape: ListShape
    most_of_release: int
    most_of_artist: int
    n_over_caps: int
    n_checked: int
    n_verified: int


@dataclass(frozen=True, slots=True)
class QualityReport:
    """What an evaluation of this instance found, on its own listeners' future.

    Attributes
    ----------
    index_version : str or None
        The index that was live then. The figures are of a training that has not seen what was
        held out, so not of these very bytes.
    n_users, n_able : int
        All listeners, and those with a history long enough to be split.
    notes : tuple of str
        What these figures cannot say, in sentences.
    """

    at: int
    index_version: str | None
    seed: int
    n_users: int
    n_able: int
    n_listens: int
    n_tracks: int
    views: tuple[View, ...]
    lists: tuple[ServedLists, ...]
    notes: tuple[str, ...]
