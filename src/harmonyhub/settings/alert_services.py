"""The services that alerts can go to, known without importing the library that delivers them."""

from difflib import get_close_matches

from harmonyhub.domain.findings import Finding
from harmonyhub.settings import catalogue
from harmonyhub.settings.gathered import Gathered

URLS = "HARMONYHUB_ALERT_URLS"
ESCALATION_URLS = "HARMONYHUB_ALERT_ESCALATION_URLS"

# What Apprise 1.x registers; importing it costs longer than a whole check may take. A test compares
# this list with the library that is installed.
SCHEMES = frozenset(
    """
    46elks amqp amqps apprise apprises aprs atalk azure bark barks betterstack bluesky brevo
    bsky bulksms bulkvs burstsms chanify clickatell clicksend cliq cm d7sms dapnet deltachat
    deltachats dingtalk discord dot eight00com elks emby embys enigma2 enigma2s evolution
    evolutions exotel fcm feishu firehydrant flock flowtriq flowtriqs fluxer fluxers form forms
    freemobile gchat github goalert goalerts gorush gorushs gotify gotifys groundmail groupme
    guilded gupshup hassio hassios httpsms humhub humhubs ifttt ilert incidentio infobip irc
    ircs jellyfin jellyfins jira join json jsons kakao kakaotalk kaleyra kavenegar klr kodi
    kodis kook kudosity kumulos lametric lametrics lark lauther lfg line mailersend mailgun
    mailto mailtos mastodon mastodons matrix matrixs misskey misskeys mmost mmosts mobilemessage
    mobilemsg msg91 msgbird ncloud nclouds nctalk nctalks nexmo nostr notica noticas notifiarr
    notifico notificos notifyre ntfy ntfys o365 octopush onebot onebots onesignal opsgenie
    pagerduty pagertree parsep parseps pbul pinglet pinglets pingram pjet pjets plivo postmark
    pover prowl psafer psafers push pushdeer pushdeers pushed pushme pushplus pushward pushy qq
    reddit resend revolt ringc rocket rockets rsyslog ryver schan sendgrid sendpulse serwersms
    ses session sessions seven sfr signal signalgrid signals signl4 simplepush sinch slack smsc
    smseagle smseagles smsmanager smsmgr smstunnel smtp2go sns sogs sparkpost spike splunk
    spugpush spush squadcast stackfield strmlabs synology synologys syslog telesign telnyx tgram
    threema toot toots trigv trigvs tweet twilio twist twitter vapid viber victorops voipms
    vonage webex wechat wecom wecombot whapi whatsapp workflow workflows wpush wxpusher wxteams
    x xbmc xbmcs xmatters xml xmls youlmk zalo zcliq zohocliq zoom zulip
    """.split()  # noqa: SIM905 - a list of 239 quoted words reads worse
)
# Apprise recognizes the webhook addresses that Slack, Discord and others show, all of them https.
NATIVE = "https"


def check_alert_services(gathered: Gathered) -> list[Finding]:
    """Report addresses whose service does not exist, and a second contact without a first."""
    findings = [
        finding
        for name in (URLS, ESCALATION_URLS)
        if name in gathered.sound
        for finding in _check_schemes(gathered, name)
    ]
    if ESCALATION_URLS in gathered.named and URLS not in gathered.named:
        findings.append(
            catalogue.NO_FIRST_CONTACT.found(
                f"{URLS} is missing: {ESCALATION_URLS} is set, and only an alert that the first"
                " contact got can escalate.",
                fix=f"Set {URLS}, or remove {ESCALATION_URLS}.",
                variable=URLS,
            )
        )
    return findings


def _check_schemes(gathered: Gathered, name: str) -> list[Finding]:
    raw = gathered.sound[name]
    findings = []
    for number, address in enumerate(raw.text.split(), start=1):
        scheme = address.partition("://")[0].lower()
        if scheme in SCHEMES or scheme == NATIVE:
            continue
        nearest = get_close_matches(scheme, sorted(SCHEMES), n=1, cutoff=0.7)
        if scheme == "http":
            nearest = ["json"]
        # An unknown scheme is shown only as its likeness: it may be a piece of a secret.
        question = f" Did you mean {nearest[0]}://?" if nearest else ""
        findings.append(
            catalogue.UNKNOWN_SERVICE.found(
                f"{name}: Apprise knows no service of the scheme of address {number}.{question}",
                fix="Begin each address with the scheme of its service, such as ntfys://,"
                " mailtos://, slack:// or, for a webhook of your own, json:// or jsons://.",
                variable=name,
                provenance=raw.provenance,
            )
        )
    return findings
