"""The names of people, companies and cities that seeded customers are made from. Data only."""

import unicodedata
from typing import NamedTuple


class Locale(NamedTuple):
    """Names and cities of one part of the world. Names are pairs (as shown, in ASCII)."""

    language: str
    country: str
    currency: str
    dial: str
    family_first: bool
    first: tuple[tuple[str, str], ...]
    last: tuple[tuple[str, str], ...]
    cities: tuple[str, ...]


def _ascii(text: str) -> str:
    text = text.replace("ł", "l").replace("Ł", "L").replace("ø", "o").replace("ß", "ss")
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(c for c in plain.lower() if c.isalnum())


def _names(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (item.partition(":") for item in text.split())
    return tuple((shown.replace("_", " "), latin or _ascii(shown)) for shown, _, latin in pairs)


def _locale(head: str, first: str, last: str, cities: str, *, family_first: bool = False) -> Locale:
    language, country, currency, dial = head.split()
    places = tuple(city.replace("_", " ") for city in cities.split())
    return Locale(
        language, country, currency, dial, family_first, _names(first), _names(last), places
    )


LOCALES: tuple[Locale, ...] = (
    _locale(
        "en US usd +1555",
        "Olivia Noah Emma Liam Ava Ethan Mia Lucas Grace Henry Zoe Caleb Ruth Owen Jane Marcus",
        "Smith Johnson Nguyen Brown Garcia Miller O'Brien Davis Wilson Anderson Lee Walker McCoy",
        "Austin Portland Denver Boston Chicago",
    ),
    _locale(
        "en-GB GB gbp +447700",
        "Amelia George Isla Arthur Freya Oliver Poppy Harry Imogen Alfie Saoirse Rhys",
        "Taylor Hughes Patel Wright Khan Clarke Okafor Evans Thompson-Reid Bell Fraser Campbell",
        "London Leeds Bristol Glasgow",
    ),
    _locale(
        "de DE eur +49151",
        "Hannah Jürgen Lena Björn Käthe Lukas Sören Anneliese Felix Jörg Mareike Till",
        "Müller Schröder Weiß Großmann von_Ahn Schäfer Yılmaz König Jäger Vogt Brandt Köhler",
        "Berlin München Köln Leipzig",
    ),
    _locale(
        "fr FR eur +336",
        "Chloé Théo Zoé Hélène Jean-Baptiste Maëlle François Noémie Loïc Aïcha Cécile Rémi",
        "Lefèvre d'Ornano Dubois Benoît Moreau Bélanger Traoré Garnier Château Roux Petit Picard",
        "Lyon Paris Nantes Toulouse",
    ),
    _locale(
        "es ES eur +346",
        "Lucía Íñigo Begoña Mateo Sofía Álvaro Martín Itziar Nuria Joaquín Ana Peña",
        "García Muñoz Ibáñez Núñez Etxeberria López Ramírez Gutiérrez Vázquez Ortega Ruiz Serra",
        "Madrid Sevilla Bilbao Valencia",
    ),
    _locale(
        "pt-BR BR usd +5511",
        "João Inês Thiago Letícia Caetano Conceição Luís Beatriz Antônio Débora Renan Iara",
        "Silva Gonçalves Araújo Conceição Nascimento Simões Brandão Teixeira Rocha Leão Prado",
        "Recife Curitiba Salvador Manaus",
    ),
    _locale(
        "pl PL eur +4850",
        "Łukasz Zofia Wojciech Małgorzata Świętosława Paweł Agnieszka Grzegorz Żaneta Michał",
        "Wiśniewski Dąbrowska Łuczak Zieliński Szczęsny Kowalska Wójcik Lewandowska Źrebiec",
        "Kraków Gdańsk Wrocław Łódź",
    ),
    _locale(
        "ja JP jpy +8190",
        "陽子:yoko 健太:kenta 美咲:misaki 翔:sho さくら:sakura 大輔:daisuke 蓮:ren 葵:aoi",
        "山田:yamada 佐藤:sato 鈴木:suzuki 高橋:takahashi 髙﨑:takasaki 渡邉:watanabe 伊藤:ito",
        "東京 大阪 札幌 福岡",
        family_first=True,
    ),
    _locale(
        "zh CN usd +86138",
        "伟:wei 芳:fang 娜:na 秀英:xiuying 敏:min 静:jing 磊:lei 洋:yang",
        "王:wang 李:li 张:zhang 刘:liu 陈:chen 欧阳:ouyang 赵:zhao 黄:huang",
        "上海 深圳 成都 杭州",
        family_first=True,
    ),
    _locale(
        "ar AE usd +97150",
        "فاطمة:fatima محمد:mohammed ليلى:layla عمر:omar نور:noor يوسف:yusuf مريم:maryam",
        "الهاشمي:alhashimi حداد:haddad المنصوري:almansoori خوري:khoury صالح:saleh النجار:alnajjar",
        "دبي الشارقة أبوظبي",
    ),
    _locale(
        "hi IN usd +9198",
        "आरव:aarav प्रिया:priya अर्जुन:arjun काव्या:kavya रोहन:rohan श्रेया:shreya विक्रम:vikram",
        "शर्मा:sharma पटेल:patel अय्यर:iyer सिंह:singh गुप्ता:gupta चटर्जी:chatterjee राव:rao",
        "मुंबई पुणे दिल्ली",
    ),
    _locale(
        "sv SE eur +4670",
        "Åsa Björk Märta Göran Elin Øyvind Søren Sanna Nils Ebba Håkan Ylva",
        "Åkesson Lindström Sjöberg Ødegård Nyström Bergqvist Hansen Dahl Ek Östlund",
        "Malmö Uppsala Göteborg",
    ),
)

COMPANY_FIRST = [
    "Northwind",
    "Harbor",
    "Juniper",
    "Quill",
    "Bluebird",
    "Kestrel",
    "Granite",
    "Willow",
    "Copper",
    "Lantern",
    "Meridian",
    "Fable",
    "Tidewater",
    "Saffron",
    "Alder",
    "Prairie",
    "Orchard",
    "Beacon",
    "Marlow",
    "Cobalt",
    "Sable",
    "Thistle",
    "Wren",
    "Anchor",
]
COMPANY_SECOND = [
    "Robotics",
    "Labs",
    "Foods",
    "Analytics",
    "Studio",
    "Logistics",
    "Health",
    "Energy",
    "Media",
    "Partners",
    "Systems",
    "Textiles",
    "Press",
    "Clinics",
    "Mobility",
    "Dental",
    "Learning",
    "Hotels",
    "Tools",
    "Outdoors",
]
COMPANY_FORM = ("Inc.", "GmbH", "Ltd", "S.L.", "SAS", "AB", "LLC", "株式会社", "& Sons", "B.V.")

DOMAINS = [
    "example.com",
    "example.org",
    "mail.example",
    "post.example",
    "inbox.example",
    "example.com",
    "example.org",
    "studio.example",
    "uni.example",
    "team.example",
]
MAILBOXES = ("billing", "accounts", "finance", "info", "office", "hello")
ROLES = ("founder", "designer", "engineer", "researcher", "teacher", "marketing", "operations")
SOURCES = ("newsletter", "webinar", "partner", "organic", "podcast", "trade fair", "friend")
