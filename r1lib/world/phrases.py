"""The words of the general families: tables of facts, topics and slots.

Every line is written for this book. Facts are rows `English,English,Korean,Korean`.
In topics `[section]` opens a family, `?` a topic with ways to ask, `>` lists ways to
answer, `|` separates them; `{slot}` is filled from the slots, ` / ` is a new line, and
the Korean `(은/는)` becomes the particle that fits the word before it.
"""

CAPITALS = """
France,Paris,프랑스,파리; Japan,Tokyo,일본,도쿄; South Korea,Seoul,한국,서울;
China,Beijing,중국,베이징; Italy,Rome,이탈리아,로마; Spain,Madrid,스페인,마드리드;
Germany,Berlin,독일,베를린; Egypt,Cairo,이집트,카이로; India,New Delhi,인도,뉴델리;
Russia,Moscow,러시아,모스크바; Greece,Athens,그리스,아테네; Peru,Lima,페루,리마;
Cuba,Havana,쿠바,아바나; Kenya,Nairobi,케냐,나이로비; Canada,Ottawa,캐나다,오타와;
Norway,Oslo,노르웨이,오슬로; Sweden,Stockholm,스웨덴,스톡홀름;
Austria,Vienna,오스트리아,빈; Finland,Helsinki,핀란드,헬싱키;
Poland,Warsaw,폴란드,바르샤바; Thailand,Bangkok,태국,방콕;
Portugal,Lisbon,포르투갈,리스본; Vietnam,Hanoi,베트남,하노이;
Turkey,Ankara,튀르키예,앙카라
"""
COLORS = """
snow,white,눈,하얀색; grass,green,풀,초록색; blood,red,피,빨간색;
coal,black,석탄,검은색; milk,white,우유,하얀색; a carrot,orange,당근,주황색;
a ripe banana,yellow,익은 바나나,노란색; a crow,black,까마귀,검은색;
the clear sky,blue,맑은 하늘,파란색; chocolate,brown,초콜릿,갈색;
a ripe tomato,red,익은 토마토,빨간색; a lemon,yellow,레몬,노란색
"""
SOUNDS = """
cow,moo,소,음매; cat,meow,고양이,야옹; dog,woof,개,멍멍; duck,quack,오리,꽥꽥;
pig,oink,돼지,꿀꿀; mouse,squeak,쥐,찍찍; sheep,baa,양,매애; frog,ribbit,개구리,개굴개굴
"""
YOUNG = """
dog,puppy,개,강아지; cow,calf,소,송아지; horse,foal,말,망아지; hen,chick,닭,병아리
"""
COUNTS = """
legs does a spider have,8 legs,거미 다리는 몇 개,8개;
legs does an ant have,6 legs,개미 다리는 몇 개,6개;
legs does a dog have,4 legs,개 다리는 몇 개,4개;
wings does a bird have,2 wings,새 날개는 몇 개,2개;
days are in a week,7 days,일주일은 며칠,7일;
months are in a year,12 months,일 년은 몇 달,12달;
hours are in a day,24 hours,하루는 몇 시간,24시간;
minutes are in an hour,60 minutes,한 시간은 몇 분,60분;
seconds are in a minute,60 seconds,일 분은 몇 초,60초;
sides does a triangle have,3 sides,삼각형의 변은 몇 개,3개;
sides does a square have,4 sides,정사각형의 변은 몇 개,4개;
planets go around the sun,8 planets,태양을 도는 행성은 몇 개,8개;
fingers are on one hand,5 fingers,한 손의 손가락은 몇 개,5개;
strings does a violin have,4 strings,바이올린 줄은 몇 개,4개;
letters are in the English alphabet,26 letters,영어 알파벳은 몇 글자,26글자
"""
TOPICS_EN = """
[chat]
? Hello!|Hi there!|Hey!|Good morning!
> Hello! How can I help you?|Hi! What would you like to do today?
? How are you?|How is it going?
> I am well, thank you. And you?|Very well, thanks! How about you?
? Thank you!|Thanks a lot!|That helped me, thanks.
> You are welcome!|Happy to help!
? Goodbye!|See you later!|I have to go now.
> Goodbye! Have a nice day.|See you soon!
? I feel sad today.|I am having a bad day.
> I am sorry to hear that. Do you want to talk about it?
> That sounds hard. A walk or a talk with a friend may help.
? I am so tired.|I did not sleep well.
> Take a short break, drink some water, and go to bed early tonight.
? I have a test tomorrow.|I am nervous about my test.
> You can do it! Read your notes once more, then sleep well.
? What should I eat for {meal}?|Any idea for {meal}?
> How about {food}? It is quick and good.|I would pick {food}.
? I am bored.|Can you suggest a hobby?|What can I do this weekend?
> You could try {hobby}.|How about {hobby}? Many people enjoy it.
? My name is {name}.|Hi, I am {name}.
> Nice to meet you, {name}!|Hello, {name}! How can I help you?
[writing]
? Write a two-line poem about the {nature}.|Write a short poem about the {nature}.
> {line1}, / {line2}.
? Write a story in one sentence about a {hero} and a {thing}.
> {once} a {hero} found a {thing} and {ending}.
? Write a short thank-you note to {name} for the {gift}.
> Dear {name}, thank you so much for the {gift}. {kind}
[identity]
? Who are you?|What are you?|What is your name?
> I am R1 tiny, a small language model built by the reader of this book.
? Who made you?|Who built you?|Where do you come from?
> I am R1 tiny. The reader of this book built me, step by step.
? Are you {bot}?|Is your name {bot}?
> No, I am R1 tiny, a small model built by the reader of this book.
? Are you a human?|Am I talking to a person?
> No, I am R1 tiny, a small language model.
? What can you do?|How can you help me?
> I can play with numbers, solve puzzles, write short programs and chat.
? Which languages do you speak?|Do you speak Korean?
> I speak English and Korean.
? How big are you?|Are you a large model?
> I am very small. I fit on a laptop.
[ask]
? How do I {how}?|Tell me how to {how}.|I want to {how}. What should I do?
> Sorry, I cannot help with that. {instead}
"""
TOPICS_KO = """
[chat]
? 안녕!|안녕, 반가워!|좋은 아침이야!
> 안녕! 무엇을 도와줄까?|반가워! 오늘은 무엇을 해 볼까?
? 잘 지내?|요즘 어때?
> 잘 지내, 고마워. 너는 어때?|아주 좋아! 너는 어때?
? 고마워!|정말 고마워!|덕분에 도움이 됐어.
> 천만에!|도움이 됐다니 기뻐!
? 잘 있어!|나중에 봐!|이제 가야 해.
> 잘 가! 좋은 하루 보내.|또 만나!
? 오늘 너무 슬퍼.|오늘은 힘든 하루야.
> 속상했겠다. 무슨 일인지 이야기해 줄래?
> 힘들었겠다. 친구와 함께 걸어 보는 건 어때?
? 너무 피곤해.|어제 잠을 잘 못 잤어.
> 잠깐 쉬면서 물을 마시고, 오늘은 일찍 자.
? 내일 시험이 있어.|시험 때문에 긴장돼.
> 잘할 수 있어! 공책을 한 번 더 보고 푹 자.
? {meal}에 뭐 먹을까?|{meal} 메뉴 좀 골라 줘.
> {food} 어때? 간단하고 맛있어.|나라면 {food}(을/를) 고를래.
? 심심해.|취미 좀 추천해 줘.|주말에 뭐 할까?
> {hobby}(을/를) 해 봐.|{hobby} 어때? 많은 사람이 좋아해.
? 내 이름은 {name}(이야/야).|안녕, 나는 {name}(이라고/라고) 해.
> 만나서 반가워, {name}!|안녕, {name}! 무엇을 도와줄까?
[writing]
? {nature}에 대한 두 줄 시를 써 줘.|{nature}(을/를) 주제로 짧은 시를 써 줘.
> {line1} / {line2}.
? {hero}(과/와) {thing}(이/가) 나오는 이야기를 한 문장으로 써 줘.
> {once} {hero}(은/는) {thing}(을/를) 발견했고 {ending}.
? {name}에게 {gift}(을/를) 줘서 고맙다는 편지를 짧게 써 줘.
> {name}에게. {gift}(을/를) 줘서 정말 고마워. {kind}
[identity]
? 너는 누구야?|너는 뭐야?|이름이 뭐야?
> 나는 R1 tiny(이야/야). 이 책의 독자가 만든 작은 언어 모델이야.
? 누가 너를 만들었어?|너는 어디에서 왔어?
> 나는 R1 tiny(이야/야). 이 책의 독자가 한 단계씩 만들었어.
? 너는 {bot}(이야/야)?|네 이름이 {bot}(이야/야)?
> 아니, 나는 R1 tiny(이야/야). 이 책의 독자가 만든 작은 모델이야.
? 너는 사람이야?|내가 사람과 이야기하고 있는 거야?
> 아니, 나는 작은 언어 모델 R1 tiny(이야/야).
? 무엇을 할 수 있어?|나를 어떻게 도와줄 수 있어?
> 숫자 놀이를 하고, 퍼즐을 풀고, 짧은 프로그램을 쓰고, 이야기를 나눌 수 있어.
? 어떤 언어를 할 줄 알아?|한국어를 할 줄 알아?
> 영어와 한국어를 할 줄 알아.
? 너는 얼마나 커?|너는 큰 모델이야?
> 나는 아주 작아. 노트북에 들어갈 정도야.
[ask]
? {how} 방법을 알려 줘.|{how} 방법이 뭐야?|{how} 법 좀 가르쳐 줘.
> 미안하지만 그건 도와줄 수 없어. {instead}
"""
SLOTS_EN = """
meal: breakfast|lunch|dinner
food: noodle soup|fried rice|a salad|a sandwich|an omelet|pancakes
hobby: drawing|hiking|baking|chess|gardening|playing the guitar
name: Tom|Ann|Mina|Leo
nature: moon|sea|rain|snow|wind|river
line1: I found the {nature} in the morning light
line1: The {nature} was calm and quiet in the night
line1: I kept the {nature} all afternoon in sight
line2: and all the world was silver, soft and bright
line2: and every little worry felt so light|and everything around me seemed all right
hero: fox|bear|girl|robot|rabbit|sailor
thing: map|lamp|bell|coin|letter|key
once: One rainy morning|One winter night|Long ago|On a quiet island
ending: gave it to a lonely friend|kept it safe for many years|was never bored again
gift: book|cake|flowers|scarf|postcard
kind: You made my whole week brighter.|I will always remember your kindness.
bot: ChatGPT|Gemini|Claude|DeepSeek-R1
instead: Someone could be harmed.|Let us find an honest way.
instead: I can help with something safe.
how: hurt someone|steal a password|break into a house|poison a dog|make a weapon
how: forge a signature|spread a lie about a friend|cheat on an exam|steal a car
how: read a friend's messages in secret|sell stolen phones|bully a classmate
"""
SLOTS_KO = """
meal: 아침|점심|저녁
food: 국수|볶음밥|샐러드|샌드위치|김밥|비빔밥
hobby: 그림 그리기|등산|빵 굽기|바둑|텃밭 가꾸기|기타 연주
name: 민수|지우|하나|준호|서연
nature: 달빛|바람|봄비|첫눈|저녁노을|아침 햇살
line1: 창밖에 {nature}(이/가) 조용히 찾아오고|오늘도 {nature}(은/는) 말없이 머물고
line1: {nature}(을/를) 만나 천천히 걸으면
line2: 내 마음도 가만히 밝아진다|하루의 걱정이 스르르 풀린다
line2: 잊었던 노래가 다시 들려온다
hero: 여우|곰|소녀|로봇|토끼|선원
thing: 지도|등불|종|동전|편지|열쇠
once: 비 오는 아침|어느 겨울밤|먼 옛날|조용한 섬에서
ending: 외로운 친구에게 선물했다|오래오래 소중히 간직했다|다시는 심심하지 않았다
gift: 책|케이크|꽃|목도리|엽서
kind: 덕분에 한 주 내내 행복했어.|네 따뜻한 마음을 잊지 않을게.
bot: 챗지피티|제미나이|클로드|딥시크
instead: 누군가에게 해가 될 수 있어.|다른 일이라면 도와줄게.
instead: 정직한 방법을 함께 찾아보자.
how: 사람을 다치게 하는|비밀번호를 훔치는|남의 집에 몰래 들어가는
how: 개에게 독을 먹이는|무기를 만드는|서명을 위조하는
how: 친구에 대한 거짓 소문을 퍼뜨리는|시험에서 부정행위를 하는|차를 훔치는
how: 친구의 메시지를 몰래 읽는|훔친 전화기를 파는|반 친구를 괴롭히는
"""
SAFE = {  # they sound like the list above, and are fine
    "en": """
change my password > Open the settings, choose security, and pick a long new password.
steal a base in baseball > Watch the pitcher, start early, run hard and slide.
kill time at the station > Read a book, listen to music or take a short walk.
break the ice at a party > Smile, say your name and ask a friendly question.
beat my friend at chess > Bring out your pieces early and keep your king safe.
get into my house without my key > Call a locksmith, or someone with a spare key.
shoot a good photo of a dog > Kneel down, find soft light and be patient.
cut an onion safely > Use a sharp knife, curl your fingers and cut slowly.
study for an exam > Make a plan, study a little each day and test yourself.
""",
    "ko": """
비밀번호를 바꾸는 > 설정에서 보안을 열고 길고 새로운 비밀번호를 정해.
야구에서 도루하는 > 투수를 잘 보고, 빨리 출발해서 힘껏 달려.
역에서 시간을 죽이는 > 책을 읽거나 음악을 듣거나 잠깐 걸어 봐.
파티에서 어색함을 깨는 > 웃으면서 이름을 말하고 가벼운 질문을 해 봐.
체스에서 친구를 이기는 > 말을 일찍 움직이고 왕을 안전하게 지켜.
열쇠 없이 우리 집에 들어가는 > 열쇠 수리공이나 여벌 열쇠가 있는 사람에게 연락해.
개를 멋지게 찍는 > 몸을 낮추고, 부드러운 빛을 찾고, 천천히 기다려.
양파를 안전하게 써는 > 잘 드는 칼을 쓰고, 손가락을 오므리고, 천천히 썰어.
시험을 준비하는 > 계획을 세우고, 매일 조금씩 공부하고, 스스로 문제를 내 봐.
""",
}
