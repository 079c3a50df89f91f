"""Judged titles and leads: each group is one story as several outlets told it within a day or two, in their own words.

Two of one group are the same story, two of different groups are not. Many groups are of one subject on purpose: two
storms, two elections, one minister in two affairs. Written for this test.
"""

from __future__ import annotations

__all__ = ["STORIES"]

Told = tuple[str, str]

STORIES: tuple[tuple[Told, ...], ...] = (
    (
        (
            "Magnitude 6.4 earthquake strikes western Nepal, at least 40 dead",
            "Rescuers dig through rubble in Jajarkot.",
        ),
        (
            "Dozens killed as strong quake hits Nepal's Jajarkot district",
            "The 6.4 magnitude earthquake hit at midnight.",
        ),
        (
            "Nepal earthquake: rescuers search collapsed homes in Jajarkot",
            "At least 57 people died in the western hills.",
        ),
        ("Nepal quake death toll rises to 128 as aid reaches remote villages", "Jajarkot and Rukum are the worst hit."),
    ),
    (
        ("Earthquake of magnitude 5.9 shakes northern Chile, no victims", "Power was cut in Antofagasta for an hour."),
        (
            "Strong tremor felt in Antofagasta, Chile rules out tsunami",
            "The magnitude 5.9 earthquake caused no damage.",
        ),
    ),
    (
        (
            "European Central Bank holds rates at 4 percent as inflation cools",
            "Lagarde says it is too early to talk cuts.",
        ),
        (
            "ECB leaves interest rates unchanged, Lagarde plays down talk of cuts",
            "Inflation in the euro zone fell again.",
        ),
        ("Lagarde: no discussion of rate cuts at the ECB for now", "The European Central Bank kept its deposit rate."),
    ),
    (
        (
            "Bank of England raises rates for a fourteenth time to 5.25%",
            "Bailey warns mortgage holders of a long wait.",
        ),
        (
            "UK interest rates rise to 5.25% as Bank of England battles inflation",
            "Governor Andrew Bailey said more may come.",
        ),
    ),
    (
        (
            "Federal Reserve pauses rate increases, Powell leaves door open",
            "The Fed wants to see more data on inflation.",
        ),
        ("Fed keeps interest rates steady; Powell says hike still possible", "Stocks rose after the decision."),
    ),
    (
        (
            "Storm Ciaran batters Brittany, a million homes without power",
            "Winds of 190 km/h were measured at Pointe du Raz.",
        ),
        ("France: Storm Ciaran cuts electricity to 1.2 million households", "Brittany and Normandy are the worst hit."),
        ("Record winds as Ciaran hits French coast and Channel Islands", "Storm leaves homes in Brittany in the dark."),
    ),
    (
        (
            "Storm Babet: Brechin evacuated as River South Esk bursts banks",
            "Hundreds of homes flooded in Angus, Scotland.",
        ),
        (
            "Flooding in Angus after Storm Babet, residents of Brechin rescued by boat",
            "The South Esk rose to a record.",
        ),
    ),
    (
        (
            "Typhoon Doksuri makes landfall in Fujian, thousands evacuated",
            "The storm closed schools in Xiamen and Quanzhou.",
        ),
        ("China: Typhoon Doksuri slams into Fujian province", "Rain is expected to reach Beijing by the weekend."),
    ),
    (
        ("Milei wins Argentina's presidential election in run-off", "The libertarian beat economy minister Massa."),
        ("Argentina elects Javier Milei president as voters reject Massa", "He promised to dollarize the economy."),
        ("Outsider Javier Milei sweeps to Argentine presidency", "Sergio Massa conceded before official results."),
    ),
    (
        ("Milei names Caputo economy minister in Argentina", "The former central bank chief met the IMF."),
        ("Luis Caputo to run Argentine economy under Milei", "Markets welcomed the choice of minister."),
    ),
    (
        ("Polish opposition wins majority as turnout breaks record", "Tusk's coalition can oust Law and Justice."),
        (
            "Tusk claims victory in Poland's election, ruling party loses majority",
            "Turnout was the highest since 1989.",
        ),
        ("Poland votes for change: Law and Justice loses majority to Tusk's allies", "Record turnout kept polls open."),
    ),
    (
        ("Slovakia election: Fico's party comes first", "Smer won 23 percent with a promise to end arms for Ukraine."),
        ("Robert Fico wins Slovak vote after pro-Russian campaign", "Smer took 23 percent, liberals came second."),
    ),
    (
        ("OpenAI board fires chief executive Sam Altman", "He was not consistently candid, the company said."),
        ("Sam Altman ousted as head of ChatGPT maker OpenAI", "The board said it had lost confidence in him."),
        ("OpenAI sacks Altman in shock move", "Mira Murati becomes interim chief executive."),
    ),
    (
        (
            "OpenAI unveils GPT-4 Turbo and lets users build own chatbots",
            "Altman spoke at the first developer conference.",
        ),
        ("New GPT-4 Turbo model announced at OpenAI's first developer day", "Custom chatbots need no code."),
    ),
    (
        (
            "Google antitrust trial opens in Washington over search deals",
            "The Justice Department says Apple was paid billions.",
        ),
        (
            "US takes Google to court over search monopoly in landmark antitrust trial",
            "It is the first such case in decades.",
        ),
    ),
    (
        (
            "EU fines Meta 1.2 billion euros over data transfers to the US",
            "Ireland's watchdog ordered a stop in six months.",
        ),
        (
            "Meta hit with record 1.2bn fine by Irish data watchdog",
            "Facebook must stop sending Europeans' data to the US.",
        ),
        ("Facebook owner Meta fined a record sum over transatlantic data", "The Irish regulator gave it six months."),
    ),
    (
        (
            "Meta launches Threads as rival to Twitter",
            "Thirty million people joined on the first day, Zuckerberg said.",
        ),
        ("Threads, Meta's answer to Twitter, gains 30 million users in hours", "It is not available in Europe yet."),
    ),
    (
        ("India lands Chandrayaan-3 near the Moon's south pole", "It is the first country to reach the region."),
        ("Chandrayaan-3: India makes history with Moon landing", "The lander Vikram touched down near the south pole."),
        (
            "Indian spacecraft touches down near lunar south pole",
            "Chandrayaan-3 succeeded days after Russia's Luna-25.",
        ),
    ),
    (
        ("Russia's Luna-25 probe crashes into the Moon", "Roscosmos lost contact after an orbit manoeuvre."),
        (
            "Luna-25: Russian lander smashes into Moon after failed manoeuvre",
            "It was Russia's first mission since 1976.",
        ),
    ),
    (
        ("SpaceX Starship explodes minutes after launch on second test", "The booster separated before it blew up."),
        ("Starship reaches space for first time, then is lost", "SpaceX called the second test flight a success."),
    ),
    (
        ("Spain beat England to win Women's World Cup", "Olga Carmona scored the only goal in Sydney."),
        (
            "Carmona's goal gives Spain first Women's World Cup title against England",
            "90,000 watched the final in Sydney.",
        ),
        ("England lose World Cup final to Spain in Sydney", "The Lionesses fell to a first-half goal by Carmona."),
    ),
    (
        ("Rubiales resigns as Spanish football chief over World Cup kiss", "He had refused to go for three weeks."),
        (
            "Luis Rubiales quits Spanish federation after kiss scandal",
            "The president said he wanted to defend his truth.",
        ),
    ),
    (
        ("Manchester City beat Inter to win Champions League and complete treble", "Rodri scored in Istanbul."),
        ("Rodri strike seals treble for Manchester City in Istanbul", "Guardiola's side won the Champions League 1-0."),
    ),
    (
        ("Manchester City sign Gvardiol from Leipzig for 90 million euros", "The defender agreed a five-year deal."),
        ("Josko Gvardiol joins Manchester City from RB Leipzig", "The Croatian is the second most expensive defender."),
    ),
    (
        (
            "Novak Djokovic wins US Open for 24th Grand Slam title",
            "He beat Daniil Medvedev in straight sets in New York.",
        ),
        (
            "Djokovic equals Court with 24th major after beating Medvedev at US Open",
            "The final lasted over three hours.",
        ),
    ),
    (
        ("Coco Gauff claims first Grand Slam at US Open", "The 19-year-old came from a set down against Sabalenka."),
        ("Teenager Gauff beats Sabalenka to win US Open", "She is the youngest American champion since Williams."),
    ),
    (
        (
            "Train crash in Odisha kills more than 280 in India's worst rail disaster in decades",
            "Three trains collided near Balasore.",
        ),
        ("Odisha: Hundreds dead after three trains collide near Balasore", "Signal failure is suspected in the crash."),
        ("India train disaster: signal fault blamed for Balasore collision", "More than 280 people died in Odisha."),
    ),
    (
        (
            "Libya floods: Derna buries thousands after dams burst",
            "A quarter of the city was swept away by Storm Daniel.",
        ),
        (
            "Thousands feared dead in Derna as two dams collapse in Libya",
            "Storm Daniel washed whole districts into the sea.",
        ),
    ),
    (
        ("Maui wildfire destroys Lahaina, at least 36 dead", "Hurricane winds drove the flames through the old town."),
        (
            "Hawaii fires: historic town of Lahaina burnt to the ground",
            "People jumped into the ocean to escape on Maui.",
        ),
    ),
    (
        ("Canada wildfires: Yellowknife residents told to leave", "20,000 people have until noon on Friday."),
        ("Entire city of Yellowknife evacuates as wildfire nears", "Long queues form on the only road south."),
    ),
    (
        ("Writers Guild reaches tentative deal with Hollywood studios", "The strike lasted nearly five months."),
        ("Hollywood writers and studios agree on deal to end strike", "Members of the Writers Guild must still vote."),
    ),
    (
        (
            "Actors join writers in Hollywood strike for first time since 1960",
            "SAG-AFTRA's talks with studios broke down.",
        ),
        ("SAG-AFTRA calls strike: actors walk out after talks with studios fail", "Film stars left a London premiere."),
    ),
    (
        (
            "Government wants to cap rents in large cities from spring",
            "The housing minister presented her bill on Monday.",
        ),
        ("Housing minister presents bill for rent cap in big cities", "Landlords' associations announced a lawsuit."),
    ),
    (
        ("Housing minister under fire over expenses", "She charged the ministry for a family trip."),
        ("Expenses row: minister for housing pays back cost of family trip", "The opposition wants her to resign."),
    ),
    (
        (
            "Bundesverfassungsgericht kippt Nachtragshaushalt: 60 Milliarden fehlen im Klimafonds",
            "Die Ampel muss umplanen.",
        ),
        (
            "Karlsruhe erklärt Nachtragshaushalt für nichtig, Ampel verliert 60 Milliarden Euro",
            "Das Geld war für das Klima.",
        ),
        (
            "Klimafonds: 60 Milliarden weg nach Urteil des Verfassungsgerichts",
            "Der Nachtragshaushalt verstößt gegen das Gesetz.",
        ),
    ),
    (
        ("Ampel einigt sich auf Haushalt 2024: CO2-Preis steigt", "Scholz, Habeck und Lindner stellen die Pläne vor."),
        (
            "Haushaltsstreit beigelegt: CO2-Preis steigt, Förderung für E-Autos endet",
            "Die Ampel hält an der Bremse fest.",
        ),
    ),
    (
        ("Warnstreik bei der Bahn: GDL legt Zugverkehr für 20 Stunden lahm", "Fernzüge fallen zu 80 Prozent aus."),
        (
            "GDL ruft Lokführer zu 20-stündigem Warnstreik auf",
            "Die Bahn rechnet mit massiven Ausfällen im Fernverkehr.",
        ),
    ),
    (
        ("Verdi ruft zu Warnstreiks an Flughäfen auf", "In Hamburg und Köln fallen hunderte Flüge aus."),
        ("Warnstreik der Sicherheitskräfte: hunderte Flüge in Hamburg und Köln gestrichen", "Verdi fordert mehr Geld."),
    ),
    (
        (
            "Gérald Darmanin défend la loi immigration devant le Sénat",
            "Le ministre veut un compromis sur les régularisations.",
        ),
        (
            "Loi immigration : au Sénat, Darmanin plaide pour un compromis",
            "L'article sur les métiers en tension divise.",
        ),
    ),
    (
        (
            "Réforme des retraites : Macron promulgue la loi dans la nuit",
            "Le Conseil constitutionnel avait validé l'essentiel.",
        ),
        (
            "Retraites : la loi promulguée par Emmanuel Macron après la décision des Sages",
            "Les syndicats dénoncent un mépris.",
        ),
    ),
    (
        (
            "Mort de Nahel à Nanterre : un policier mis en examen pour homicide volontaire",
            "Des violences urbaines ont éclaté.",
        ),
        (
            "Nanterre : le policier auteur du tir mortel sur Nahel mis en examen et écroué",
            "Le parquet parle d'un tir illégal.",
        ),
    ),
    (
        (
            "Sánchez, investido presidente con el apoyo de los independentistas",
            "La amnistía marcó el debate en el Congreso.",
        ),
        ("El Congreso inviste a Pedro Sánchez con 179 votos", "Los independentistas catalanes apoyaron al socialista."),
    ),
    (
        ("La erupción del Popocatépetl obliga a cerrar dos aeropuertos", "La ceniza alcanzó la capital de México."),
        (
            "Cierran aeropuertos de Ciudad de México por ceniza del Popocatépetl",
            "El volcán lanzó una columna de tres kilómetros.",
        ),
    ),
    (
        ("زلزال بقوة 6.8 يضرب المغرب ويخلف مئات القتلى في إقليم الحوز", "سكان مراكش قضوا الليل في الشوارع."),
        ("المغرب: مئات القتلى في زلزال ضرب إقليم الحوز قرب مراكش", "بلغت قوة الزلزال 6.8 درجة."),
    ),
    (
        ("المغرب يتأهل إلى نصف نهائي كأس العالم بفوزه على البرتغال", "سجل النصيري هدف المباراة الوحيد."),
        ("إنجاز تاريخي: المغرب أول فريق أفريقي في نصف نهائي كأس العالم", "النصيري يقود الأسود إلى الفوز على البرتغال."),
    ),
    (
        (
            "Землетрясение магнитудой 7,7 произошло на востоке Турции, сотни погибших",
            "Разрушены дома в Кахраманмараше.",
        ),
        ("Турция: мощное землетрясение разрушило дома в Кахраманмараше", "Число погибших превысило 500 человек."),
    ),
    (
        ("東京電力、福島第一原発の処理水放出を開始", "中国は日本産水産物の輸入を全面停止した。"),
        ("福島第一原発 処理水の海洋放出始まる 東京電力", "漁業者からは風評被害を心配する声が上がった。"),
    ),
    (
        ("大谷翔平がドジャースと10年契約、総額7億ドル", "プロスポーツ史上最高額となる。"),
        ("ドジャース、大谷翔平と史上最高の7億ドルで契約合意", "契約期間は10年。"),
    ),
    (("What we know about the budget vote so far", "Live updates from parliament."),),
    (("Budget vote: what it means for your taxes", "Five charts that explain the plan."),),
    (("Morning briefing: five things to know today", "Rates, floods and a strike."),),
    (("Ten recipes for a rainy weekend", "From soup to apple pie."),),
    (("The best books of the year, chosen by our critics", "Novels, essays and a memoir."),),
    (("Police appeal for witnesses after crash on M25", "A man in his 30s was taken to hospital."),),
    (("Police appeal for witnesses after stabbing in Leeds", "A man in his 20s was taken to hospital."),),
    (("Man arrested after stabbing in Bristol", "A teenager is in a serious condition in hospital."),),
    (
        ("Apple reports record revenue in fourth quarter", "Sales of the iPhone rose, those of the Mac fell."),
        ("iPhone sales lift Apple to record fourth-quarter revenue", "The Mac had its worst quarter in years."),
    ),
    (
        ("Microsoft reports record revenue in fourth quarter as cloud grows", "Azure sales rose by 29 percent."),
        ("Azure growth lifts Microsoft's quarterly revenue to record", "The cloud now makes half of the sales."),
    ),
    (
        ("Israel and Hamas agree four-day truce and hostage release", "Qatar mediated the deal for 50 hostages."),
        ("Hamas to free 50 hostages in four-day truce deal with Israel", "Qatar announced the pause in fighting."),
    ),
    (
        ("Israel strikes Gaza refugee camp of Jabalia, dozens dead", "The army says a Hamas commander was the target."),
        ("Dozens killed in Israeli air strike on Jabalia refugee camp", "Israel said it hit a commander of Hamas."),
    ),
    (
        ("Russia launches largest drone attack on Kyiv since war began", "Ukraine shot down 71 of 75 Shahed drones."),
        ("Kyiv under biggest drone attack of the war, Ukraine downs 71 of 75", "Five people were hurt in the capital."),
    ),
    (
        ("Ukraine strikes Russian Black Sea Fleet headquarters in Sevastopol", "A missile hit the building in Crimea."),
        (
            "Missile hits headquarters of Russia's Black Sea Fleet in Crimea",
            "Sevastopol's governor confirmed the attack.",
        ),
    ),
    (
        ("Trump pleads not guilty in Georgia election case", "The former president waived his arraignment in Atlanta."),
        (
            "Trump enters not guilty plea in Georgia, skips arraignment",
            "He is charged with 18 others in Fulton County.",
        ),
    ),
    (
        (
            "Trump's mug shot released after arrest at Fulton County jail",
            "The former president spent 20 minutes in Atlanta.",
        ),
        ("Donald Trump booked at Atlanta jail, mug shot made public", "It is the first of a former president."),
    ),
    (
        ("Trump skips first Republican debate for interview with Tucker Carlson", "Eight rivals met in Milwaukee."),
        ("Republican rivals clash at first debate without Trump", "Eight candidates were on the stage in Milwaukee."),
    ),
)
