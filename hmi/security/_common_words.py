"""What people take for a password first: words, names, defaults of devices, rows of keys. Folded to lower case."""

from __future__ import annotations

from typing import Final

_WORDS: Final = """
    abc access account admin administrator adobe alexander alexandra alpha amanda amazon america andrea
    andrew angel angela anthony apple april arsenal ashley august austin automation autumn backup badboy
    banana barcelona baseball basket batman berlin bonjour boomer boston brandon butterfly calvin camaro
    cambiami canada captain carlos changeit changeme charles charlie cheese chelsea chester chicago chicken
    chocolate christian chrome cluster coffee commander company compaq computer control controller
    cookie cooper corvette cowboy cowboys dallas daniel database death december default deutschland device
    diamond display dolphin dragon eagle electric elephant emergency energy engineer england enter factory
    falcon family february ferrari first flower football forever france freedom friday friend friends
    gandalf garfield gateway george ginger global golden golfer google guest guitar hacker hallo hammer
    hannah harley heather hello hockey holiday home honda honeywell hunter iceman iloveyou independent
    internet jackson jaguar january jasmine jasper jennifer jessica jessie johnny jordan joseph joshua july
    june justin justme keyboard killer kitten knight lasvegas lauren letmein letmeinnow liberty linux
    liverpool login logout london love lovely lover maggie maintenance manager march marina marlboro martin
    master matrix matthew maverick melissa mercedes merlin michael michelle mickey midnight miller mittens
    mobile modbus monday monitor monkey monster morgan mother mustang mypass mypassword nascar natasha
    network newpass nicole nissan nothing november october office online operate operator oracle orange
    ordinateur panel panther parker parola passe passport passw0rd passwd password passwort patrick peaches
    peanut pepper phoenix photoshop pl3ase plant player please pokemon police porsche pressure prince
    princess private process public pump purple qazwsx quality queen rabbit rachel raiders rainbow random
    ranger reactor rebecca redsox remote robert rockwell rockyou root rosebud samantha samsung saturday
    scada schneider school scooter scorpion secret secrets secure security september server service shadow
    shannon shift siemens sierra silver simatic simple simulator smokey snoopy soccer sommer sophie spider
    spring star starwars station steelers stella summer sunday sunshine super superman superuser supervisor
    support switch system taylor technician tennis test tester testing thomas thunder thursday tiger tigers
    tigger tomcat toor toyota trainer training travel trustno tuesday turbine tweety unknown user valve
    victoria viewer viking vision wachtwoord wasser watchkeeper water waterworks wednesday welcome welkom
    whatever whiskey william willkommen winner winter wizard wonderware woodward works yamaha yankee yankees
    year yellow yesterday zigzag zxcvbn
"""
COMMON: Final = frozenset(_WORDS.split())

ROWS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiop",
    "qwertzuiopü",
    "asdfghjkl",
    "asdfghjklöä",
    "zxcvbnm",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "qazwsxedcrfvtgbyhnujm",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "!@#$%^&*()",
    '!"§$%&/()=',
)
